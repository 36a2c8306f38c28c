/**
 * One digest over everything a reader could get: what the owner would serve it now, and what it holds of that. Equal
 * digests end an exchange before any list travels. Rules: docs/spec/reconcile.md RC2.
 *
 * Layout, hashed with SHA-256, integers big-endian:
 *   "aico-mesh/heads-digest/1" 0x00 | u32 count | count x (author 32 | log 16 | incarnation 16 | u64 from | u64 to | id 32)
 * Rows ascend as bytes and none stands twice, so neither order nor repetition matters.
 */
import { compareBytes, concat, equalBytes, utf8 } from '../../base/bytes.ts'
import type { Sha256 } from '../../base/crypto.ts'
import { idBytes } from '../../model/ids.ts'
import type { LogKey, SeqRange } from '../../model/segment.ts'

/** A contiguous run of one log, with the id of the segment at `to` (32 bytes). */
export interface RunRow extends LogKey, SeqRange {
  readonly id: Uint8Array
}

const DOMAIN = utf8('aico-mesh/heads-digest/1\0')
const U32_BYTES = 4
const U64_BYTES = 8

export function headsDigest(rows: Iterable<RunRow>, sha256: Sha256): Uint8Array {
  const sorted = [...rows].map(encodeRow).sort(compareBytes)
  const distinct = sorted.filter((row, at) => at === 0 || !equalBytes(row, sorted[at - 1] as Uint8Array))
  const count = new Uint8Array(U32_BYTES)
  new DataView(count.buffer).setUint32(0, distinct.length)
  return sha256(concat(DOMAIN, count, ...distinct))
}

function encodeRow({ author, log, incarnation, from, to, id }: RunRow): Uint8Array {
  const range = new Uint8Array(2 * U64_BYTES)
  const view = new DataView(range.buffer)
  view.setBigUint64(0, BigInt(from))
  view.setBigUint64(U64_BYTES, BigInt(to))
  return concat(idBytes(author), idBytes(log), idBytes(incarnation), range, id)
}
