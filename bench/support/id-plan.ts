/**
 * Ids as random as a program's, and yet known: the id of number n is always the same, so that whoever fills a store with
 * millions of them needs no list to ask for one again. Ids of different numbers differ.
 */
import { toHex } from '../../src/base/bytes.ts'
import type { SpanId, TraceId } from '../../src/model/ids.ts'

const TRACE_SALTS = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344] as const
const SPAN_SALTS = [0xa4093822, 0x299f31d0] as const

export function writeTraceId(into: DataView, at: number, seed: number, n: number): void {
  for (let i = 0; i < 4; i++) into.setUint32(at + 4 * i, mix(n, seed ^ (TRACE_SALTS[i] as number)))
}

export function writeSpanId(into: DataView, at: number, seed: number, n: number): void {
  for (let i = 0; i < 2; i++) into.setUint32(at + 4 * i, mix(n, seed ^ (SPAN_SALTS[i] as number)))
}

export function traceIdOf(seed: number, n: number): TraceId {
  const bytes = new Uint8Array(16)
  writeTraceId(new DataView(bytes.buffer), 0, seed, n)
  return toHex(bytes) as TraceId
}

export function spanIdOf(seed: number, n: number): SpanId {
  const bytes = new Uint8Array(8)
  writeSpanId(new DataView(bytes.buffer), 0, seed, n)
  return toHex(bytes) as SpanId
}

/** MurmurHash3's finalizer over a number and a salt: each number of 32 bits has a result of its own. */
export function mix(n: number, salt: number): number {
  let hash = (Math.imul(n, 0x9e37_79b1) ^ salt) | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
