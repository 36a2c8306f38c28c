/**
 * Writes and reads the sealed log that one owner keeps for one recipient: chaining, HPKE and signature together.
 * Sealing is bound to the pair, the mesh, and the entry's place or grant, so nothing can be moved elsewhere.
 */
import { concat, equalBytes } from '../base/bytes.ts'
import type { Crypto, Hpke } from '../base/crypto.ts'
import { MeshError } from '../base/errors.ts'
import type { MeshId, OpId } from '../model/ids.ts'
import {
  controlAad,
  controlEntryId,
  controlInfo,
  controlSigningBytes,
  decodeControlEntry,
  encodeControlEnvelope,
  encodeControlPayload,
  type ControlEntry,
  type ControlLogKey,
  type DecodedControlEntry,
} from '../wire/control-entry.ts'

export type SealItem =
  | { readonly kind: 'consent'; readonly plaintext: Uint8Array }
  | { readonly kind: 'keys'; readonly opId: OpId; readonly plaintext: Uint8Array }

/** Where a log ends; undefined before its first entry. */
export type ControlHead = { readonly seq: number; readonly entryId: Uint8Array } | undefined

export interface SealedEntry {
  readonly entry: ControlEntry
  readonly entryId: Uint8Array
  readonly bytes: Uint8Array
  readonly plaintext: Uint8Array
}

export type ControlLogErrorCode = 'CONTROL_GAP' | 'CONTROL_FORK' | 'CONTROL_WRONG_LOG' | 'CONTROL_NOT_FOR_US'
export class ControlLogError extends MeshError<ControlLogErrorCode> {}

/** Makes the next entries of the log after `head`, in the order given. */
export async function sealEntries(
  crypto: Crypto & Hpke,
  log: ControlLogKey,
  keys: { readonly ownerSeed: Uint8Array; readonly recipientSealKey: Uint8Array },
  head: ControlHead,
  items: readonly SealItem[],
): Promise<readonly SealedEntry[]> {
  const sealed: SealedEntry[] = []
  let last = head
  for (const item of items) {
    const place = { ...log, seq: last === undefined ? 0 : last.seq + 1, prev: last?.entryId }
    const draft = item.kind === 'keys' ? { ...place, kind: item.kind, opId: item.opId } : { ...place, kind: item.kind }
    const context = { info: controlInfo(draft), aad: controlAad(draft) }
    const { enc, ct } = await crypto.hpkeSeal(keys.recipientSealKey, context, item.plaintext)
    const entry: ControlEntry = { ...draft, enc, ciphertext: ct }
    const payload = encodeControlPayload(entry)
    const signature = crypto.ed25519Sign(keys.ownerSeed, controlSigningBytes(payload))
    const entryId = controlEntryId(payload, crypto.sha256)
    sealed.push({ entry, entryId, bytes: encodeControlEnvelope(payload, signature), plaintext: item.plaintext })
    last = { seq: entry.seq, entryId }
  }
  return sealed
}

/** The log that an entry has to continue. */
export interface OpenableLog extends Omit<ControlLogKey, 'mesh'> {
  /** Whether this device is or was in a mesh: a log between two devices goes on when they meet again in another. */
  readonly isOurMesh: (mesh: MeshId) => boolean
}

/**
 * Reads the next entry of a log we hold up to `head`.
 * @returns `known` for an entry we already have the place of; opening it again would change nothing.
 * @throws {ControlLogError} and what {@link decodeControlEntry} throws; the log is then unchanged.
 */
export async function openEntry(
  crypto: Crypto & Hpke,
  log: OpenableLog,
  recipientSealSecret: Uint8Array,
  head: ControlHead,
  bytes: Uint8Array,
): Promise<SealedEntry | 'known'> {
  const decoded = decodeControlEntry(bytes, crypto)
  const { entry } = decoded
  if (!log.isOurMesh(entry.mesh) || entry.owner !== log.owner || entry.recipient !== log.recipient) {
    throw new ControlLogError('CONTROL_WRONG_LOG', 'the entry belongs to another log')
  }
  if (isKnown(decoded, head)) return 'known'
  const context = { info: controlInfo(entry), aad: controlAad(entry) }
  const plaintext = await crypto.hpkeOpen(recipientSealSecret, context, { enc: entry.enc, ct: entry.ciphertext })
  if (plaintext === undefined) throw new ControlLogError('CONTROL_NOT_FOR_US', 'the entry does not open')
  return { entry, entryId: decoded.entryId, bytes: decoded.bytes, plaintext }
}

function isKnown({ entry, entryId }: DecodedControlEntry, head: ControlHead): boolean {
  const next = head === undefined ? 0 : head.seq + 1
  const details = { seq: entry.seq, next }
  if (entry.seq > next) throw new ControlLogError('CONTROL_GAP', 'entries before this one are missing', { details })
  if (head !== undefined && entry.seq === head.seq && !equalBytes(entryId, head.entryId)) {
    throw new ControlLogError('CONTROL_FORK', 'two entries at one place: the owner rewrote its log', { details })
  }
  if (entry.seq < next) return true
  if (head !== undefined && !equalBytes(entry.prev ?? concat(), head.entryId)) {
    throw new ControlLogError('CONTROL_FORK', 'the entry does not follow the one we hold', { details })
  }
  return false
}
