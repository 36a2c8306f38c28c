/** Seals this device's segments, and makes any stored segment's sealed bytes again, from the keys in the store. */
import type { Crypto } from '../../base/crypto.ts'
import { equalBytes, toHex } from '../../base/bytes.ts'
import type { Lane } from '../../model/lane.ts'
import type { LogKey } from '../../model/segment.ts'
import type { StoredLog } from '../../store/log-table.ts'
import type { SegmentInRow } from '../../store/segments-in-rows.ts'
import type { StoredSegment } from '../../store/segment-table.ts'
import type { Sealer, SegmentBody, SegmentPlan } from '../../store/segment-cutter.ts'
import type { EpochTable } from '../../store/epoch-table.ts'
import { keyCommitment, moduleKey, partKey } from '../../sync/core/key-tree.ts'
import { openSegment, resealSegment, sealSegment, type OpenResult } from '../../sync/core/seal-segment.ts'
import { CODEC_NONE, CODEC_ZSTD } from '../../wire/segment-body.ts'
import { decodeSegmentHeader, SALT_BYTES } from '../../wire/segment-header.ts'
import { signHead } from '../../wire/signed-head.ts'
import { WireError } from '../../wire/wire-error.ts'

/** Part keys kept at once: one per module and epoch in use. */
const MAX_CACHED_KEYS = 512

export class SegmentSealer implements Sealer {
  readonly #crypto: Crypto
  readonly #deviceSeed: Uint8Array
  readonly #epochs: Pick<EpochTable, 'get' | 'received'>
  readonly #own = new Map<string, Uint8Array>()
  readonly #received = new Map<string, Uint8Array>()

  constructor(crypto: Crypto, deviceSeed: Uint8Array, epochs: Pick<EpochTable, 'get' | 'received'>) {
    this.#crypto = crypto
    this.#deviceSeed = deviceSeed
    this.#epochs = epochs
  }

  seal(plan: SegmentPlan, body: SegmentBody): ReturnType<Sealer['seal']> {
    const { author, log, incarnation, seq, prev, lane, epoch, module, part } = plan
    const salt = this.#crypto.randomBytes(SALT_BYTES)
    const place = { author, log, incarnation, seq, prev, salt, dropAfterDay: undefined }
    const key = this.#ownPartKey(lane, epoch, module, part) as Uint8Array // records are admitted to epochs that exist
    const { headerBytes, id, sealed } = sealSegment(this.#crypto, key, place, body)
    return { header: headerBytes, id, sealed }
  }

  signHead({ author, log, incarnation }: LogKey, seq: number, id: Uint8Array): Uint8Array {
    return signHead(this.#crypto, this.#deviceSeed, { author, log, incarnation, seq, id }).signature
  }

  /** Keys were destroyed: none that was made of them stays in memory. */
  forgetKeys(): void {
    this.#own.clear()
    this.#received.clear()
  }

  /** The body of a stored segment, or why what is stored is not what its header names. */
  open(log: StoredLog, segment: StoredSegment, sealed: Uint8Array): OpenResult {
    const key = this.#partKeyOf(log, segment)
    return key === undefined
      ? { ok: false, reason: 'wrong-key' }
      : openSegment(this.#crypto, key, segment.header, sealed)
  }

  /** The sealed bytes of a segment whose body schema 2 kept in its row; undefined if they are not those its header names. */
  reseal(log: StoredLog, segment: SegmentInRow): Uint8Array | undefined {
    const key = this.#partKeyOf(log, segment)
    const { codec, rawBytes, records, payload, header } = segment
    const body: SegmentBody = { codec: codec === 1 ? CODEC_ZSTD : CODEC_NONE, rawBytes, records, payload }
    const resealed = key && resealSegment(this.#crypto, key, header, body)
    return resealed?.ok === true ? resealed.sealed : undefined
  }

  #partKeyOf(log: StoredLog, { epoch, header }: Pick<StoredSegment, 'epoch' | 'header'>): Uint8Array | undefined {
    return log.own ? this.#ownPartKey(log.lane, epoch, log.module, log.part) : this.#receivedPartKey(log, header)
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
