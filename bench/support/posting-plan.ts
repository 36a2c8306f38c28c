/** Segments of a made-up store, by number: the same every time. Tokens that every segment has, some of its own, and traces. */

export const TRACES_OF_SEGMENT = 80
export const UNIQUE_TOKENS = 100
const SHARED_TOKENS = 500
/** A token of every hundredth segment. */
export const HUNDREDTH = 123_456_789
const EVERY = 100

export interface SegmentPlan {
  readonly traces: Float64Array
  readonly tokens: Uint32Array
}

/** A token of every segment. */
export const sharedToken = (i: number): number => hash32(i % SHARED_TOKENS)
/** A token of this segment alone, save for equal hashes. */
export const uniqueToken = (segment: number, i: number): number => hash32(SHARED_TOKENS + segment * UNIQUE_TOKENS + i)
export const uniqueTrace = (segment: number, i: number): number =>
  hash32(segment * TRACES_OF_SEGMENT + i) * 2 ** 16 + (hash32(~(segment * TRACES_OF_SEGMENT + i)) >>> 16)

const shared = Uint32Array.from({ length: SHARED_TOKENS }, (_, i) => sharedToken(i))

export function planSegment(segment: number): SegmentPlan {
  const traces = Float64Array.from({ length: TRACES_OF_SEGMENT }, (_, i) => uniqueTrace(segment, i)).sort()
  const own = Uint32Array.from({ length: UNIQUE_TOKENS }, (_, i) => uniqueToken(segment, i))
  const tokens = new Set([...shared, ...own])
  if (segment % EVERY === 0) tokens.add(HUNDREDTH)
  return { traces, tokens: Uint32Array.from(tokens).sort() }
}

/** The last mix of MurmurHash3: spreads small numbers over 32 bits, no two onto one. */
function hash32(n: number): number {
  let hash = n ^ (n >>> 16)
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
