/** Seals this device's segments, and makes any stored segment's sealed bytes again, from the keys in the store. */
import type { Crypto } from '../../base/crypto.ts'
import { equalBytes, toHex } from '../../base/bytes.ts'
import type { Lane } from '../../model/lane.ts'
import type { LogKey } from '../../model/segment.ts'
import type { StoredLog } from '../../store/log-table.ts'
import type { StoredSegment } from '../../store/segment-table.ts'
import type { Sealer, SegmentBody, SegmentPlan } from '../../store/segment-writer.ts'
import type { EpochTable } from '../../store/epoch-table.ts'
import { keyCommitment, moduleKey, partKey } from '../../sync/core/key-tree.ts'
import { resealSegment, sealSegment, type ResealResult } from '../../sync/core/seal-segment.ts'
import { decodeSegmentHeader, SALT_BYTES } from '../../wire/segment-header.ts'
import { signHead } from '../../wire/signed-head.ts'
import { WireError } from '../../wire/wire-error.ts'

/** Part keys kept at once: one per module and epoch in use. */
const MAX_CACHED_KEYS = 512

export class SegmentSealer implements Sealer {
  readonly #crypto: Crypto
  readonly #deviceSeed: Uint8Array
  readonly #epochs: EpochTable
  readonly #own = new Map<string, Uint8Array>()
  readonly #received = new Map<string, Uint8Array>()

  constructor(crypto: Crypto, deviceSeed: Uint8Array, epochs: EpochTable) {
    this.#crypto = crypto
    this.#deviceSeed = deviceSeed
    this.#epochs = epochs
  }

  seal(plan: SegmentPlan, body: SegmentBody): { readonly header: Uint8Array; readonly id: Uint8Array } {
    const { author, log, incarnation, seq, prev, lane, epoch, module, part } = plan
    const salt = this.#crypto.randomBytes(SALT_BYTES)
    const place = { author, log, incarnation, seq, prev, salt, dropAfterDay: undefined }
    const key = this.#ownPartKey(lane, epoch, module, part) as Uint8Array // records are admitted to epochs that exist
    const { headerBytes, id } = sealSegment(this.#crypto, key, place, body)
    return { header: headerBytes, id }
  }

  signHead({ author, log, incarnation }: LogKey, seq: number, id: Uint8Array): Uint8Array {
    return signHead(this.#crypto, this.#deviceSeed, { author, log, incarnation, seq, id }).signature
  }

  /** The sealed bytes of a stored segment, or why what is stored is not what its header names. */
  reseal(log: StoredLog, segment: StoredSegment): ResealResult {
    const key = log.own
      ? this.#ownPartKey(log.lane, segment.epoch, log.module, log.part)
      : this.#receivedPartKey(log, segment.header)
    if (key === undefined) return { ok: false, reason: 'wrong-key' }
    const { codec, rawBytes, records, payload } = segment
    return resealSegment(this.#crypto, key, segment.header, { codec: codec === 1 ? 1 : 0, rawBytes, records, payload })
  }

  #ownPartKey(lane: Lane, n: number, module: string, part: string): Uint8Array | undefined {
    const name = `${lane}/${n}/${part}/${module}`
    const epoch = this.#own.has(name) ? undefined : this.#epochs.get(lane, n)
    if (epoch === undefined) return this.#own.get(name)
    return remember(this.#own, name, () => partKey(this.#crypto, moduleKey(this.#crypto, epoch.key, module), part))
  }

  #receivedPartKey(log: StoredLog, header: Uint8Array): Uint8Array | undefined {
    const commitment = commitmentOf(header)
    if (commitment === undefined) return undefined
    const name = `${log.rowId}/${toHex(commitment)}`
    const known = this.#received.get(name)
    if (known) return known
    for (const { key, module } of this.#epochs.received(log.author, log.lane)) {
      const ofModule = module === undefined ? moduleKey(this.#crypto, key, log.module) : key
      const ofPart = partKey(this.#crypto, ofModule, log.part)
      if (equalBytes(keyCommitment(this.#crypto, ofPart), commitment)) {
        return remember(this.#received, name, () => ofPart)
      }
    }
    return undefined
  }
}

/** The key that a stored header names, or `undefined` if it was altered into something that is no header. */
function commitmentOf(header: Uint8Array): Uint8Array | undefined {
  try {
    return decodeSegmentHeader(header).keyCommitment
  } catch (err) {
    if (err instanceof WireError) return undefined
    throw err
  }
}

function remember(keys: Map<string, Uint8Array>, name: string, derive: () => Uint8Array): Uint8Array {
  const known = keys.get(name)
  if (known) return known
  if (keys.size >= MAX_CACHED_KEYS) keys.clear()
  const key = derive()
  keys.set(name, key)
  return key
}
