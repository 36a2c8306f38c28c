/**
 * How often values of what size were recorded: histogram, exponential histogram and summary in one shape, with the sums
 * and differences that cumulative and delta series need. NaN stands for a sum, least or largest value that is not known.
 * Source: OpenTelemetry metrics data model, "Histogram", "ExponentialHistogram".
 */

/** Most buckets on one side of an exponential histogram: twice the default of SDKs; beyond, its scale is lowered. */
export const MAX_SPAN_BUCKETS = 320

/** Largest scale that is kept: that which SDKs begin with. */
const MAX_SCALE = 20

export interface Distribution {
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
  /** Of explicit bounds, which are the series': one more than bounds, or none at all. */
  readonly buckets: readonly number[]
  /** Values of a summary's quantiles, which are the series'. */
  readonly quantiles: readonly number[]
  readonly exponential: Exponential | undefined
}

/** Bucket i counts values in (base^i, base^(i+1)], base = 2^(2^-scale). */
export interface Exponential {
  readonly scale: number
  readonly zeroCount: number
  readonly zeroThreshold: number
  readonly positive: Span
  readonly negative: Span
}

/** `counts[0]` belongs to bucket `offset`; neither end of it is zero. */
export interface Span {
  readonly offset: number
  readonly counts: readonly number[]
}

export const NO_SPAN: Span = { offset: 0, counts: [] }

export function add(a: Distribution, b: Distribution): Distribution {
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    buckets: combine(a.buckets, b.buckets, (x, y) => x + y),
    quantiles: b.quantiles,
    exponential: combineExponential(a.exponential, b.exponential, (x, y) => x + y),
  }
}

/** What was added between two states of one counter; undefined if it was reset, so that there is no such thing. */
export function difference(after: Distribution, before: Distribution): Distribution | undefined {
  const buckets = combine(after.buckets, before.buckets, (x, y) => x - y)
  const exponential = combineExponential(after.exponential, before.exponential, (x, y) => x - y)
  const count = after.count - before.count
  const counts = exponential === undefined ? buckets : countsOf(exponential)
  if (count < 0 || counts.some((each) => each < 0)) return undefined
  return {
    count,
    sum: after.sum - before.sum,
    // The least and the largest of a counter are those of all its time: of the time between they are not known.
    min: Number.NaN,
    max: Number.NaN,
    buckets,
    quantiles: after.quantiles,
    exponential,
  }
}

/** This share of it, from 0 to 1, as if its values were recorded evenly over a stretch of time. */
export function shareOf(distribution: Distribution, share: number): Distribution {
  const { count, sum, buckets, exponential } = distribution
  const scaled = ({ offset, counts }: Span): Span => ({ offset, counts: counts.map((each) => each * share) })
  return {
    ...distribution,
    count: count * share,
    sum: sum * share,
    buckets: buckets.map((each) => each * share),
    exponential: exponential && {
      ...exponential,
      zeroCount: exponential.zeroCount * share,
      positive: scaled(exponential.positive),
      negative: scaled(exponential.negative),
    },
  }
}

/** Nothing recorded, shaped like `like`. */
export function empty({ buckets, quantiles, exponential }: Distribution): Distribution {
  return {
    count: 0,
    sum: 0,
    min: Number.NaN,
    max: Number.NaN,
    buckets: buckets.map(() => 0),
    quantiles,
    exponential: exponential && { ...exponential, zeroCount: 0, positive: NO_SPAN, negative: NO_SPAN },
  }
}

/** The same counts at a scale that is no larger than any SDK's and at which both spans are short enough. */
export function fitScale(exponential: Exponential): Exponential {
  let fitted = atScale(exponential, Math.min(exponential.scale, MAX_SCALE))
  while (Math.max(fitted.positive.counts.length, fitted.negative.counts.length) > MAX_SPAN_BUCKETS) {
    fitted = atScale(fitted, fitted.scale - 1)
  }
  return fitted
}

/** Without zeros at its ends: one form for each content. */
export function trimSpan({ offset, counts }: Span): Span {
  const first = counts.findIndex((count) => count !== 0)
  if (first < 0) return NO_SPAN
  const last = counts.findLastIndex((count) => count !== 0)
  return first === 0 && last === counts.length - 1
    ? { offset, counts }
    : { offset: offset + first, counts: counts.slice(first, last + 1) }
}

function combineExponential(
  a: Exponential | undefined,
  b: Exponential | undefined,
  of: (x: number, y: number) => number,
): Exponential | undefined {
  if (a === undefined || b === undefined) return undefined
  let scale = Math.min(a.scale, b.scale)
  while (unionLength(a, b, scale) > MAX_SPAN_BUCKETS) scale--
  const [left, right] = [atScale(a, scale), atScale(b, scale)]
  return {
    scale,
    zeroCount: of(a.zeroCount, b.zeroCount),
    zeroThreshold: Math.max(a.zeroThreshold, b.zeroThreshold),
    positive: combineSpans(left.positive, right.positive, of),
    negative: combineSpans(left.negative, right.negative, of),
  }
}

/** Buckets of the longer side of both together at a scale. */
function unionLength(a: Exponential, b: Exponential, scale: number): number {
  const sides = [
    [a.positive, b.positive],
    [a.negative, b.negative],
  ] as const
  return Math.max(
    ...sides.map(([left, right]) => {
      const spans = [
        [left, a.scale],
        [right, b.scale],
      ] as const
      const ends = spans.flatMap(([{ offset, counts }, from]) =>
        counts.length === 0 ? [] : [offset, offset + counts.length - 1].map((index) => lowered(index, from - scale)),
      )
      return ends.length === 0 ? 0 : Math.max(...ends) - Math.min(...ends) + 1
    }),
  )
}

function combineSpans(a: Span, b: Span, of: (x: number, y: number) => number): Span {
  if (b.counts.length === 0) return a
  const start = a.counts.length === 0 ? b.offset : Math.min(a.offset, b.offset)
  const end = Math.max(a.counts.length === 0 ? start : a.offset + a.counts.length, b.offset + b.counts.length)
  const counts = Array.from({ length: end - start }, (_, i) =>
    of(a.counts[start + i - a.offset] ?? 0, b.counts[start + i - b.offset] ?? 0),
  )
  return trimSpan({ offset: start, counts })
}

/** `scale` is at most its own. */
function atScale(exponential: Exponential, scale: number): Exponential {
  const by = exponential.scale - scale
  if (by === 0) return exponential
  const lower = ({ offset, counts }: Span): Span => {
    const start = lowered(offset, by)
    const merged: number[] = []
    counts.forEach((count, i) => {
      const at = lowered(offset + i, by) - start
      merged[at] = (merged[at] ?? 0) + count
    })
    return trimSpan({ offset: start, counts: merged })
  }
  return { ...exponential, scale, positive: lower(exponential.positive), negative: lower(exponential.negative) }
}

/** The bucket that holds bucket `index` once the scale is lower by `by`. */
function lowered(index: number, by: number): number {
  if (by >= INDEX_BITS) return index < 0 ? -1 : 0
  return Math.floor(index / 2 ** by)
}
/** More than the index of any bucket has. */
const INDEX_BITS = 52

/** Buckets of a series are equally many; those of one without any count as none. */
function combine(a: readonly number[], b: readonly number[], of: (x: number, y: number) => number): readonly number[] {
  return a.length === b.length ? a.map((each, i) => of(each, b[i] as number)) : []
}

function countsOf({ zeroCount, positive, negative }: Exponential): readonly number[] {
  return [zeroCount, ...positive.counts, ...negative.counts]
}
