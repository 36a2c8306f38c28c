/**
 * Starts of spans on this device's clock, exactly and without an object for each: three words that sort as the time does.
 * A measured offset is at most ten years (trace-order.ts), so a bias of 2^60 ns, 36 years, keeps every time positive.
 */
import type { SpanColumns } from './span-table.ts'

export interface CorrectedStarts {
  /** 0 or 1: what is beyond 64 bits. */
  readonly top: Uint32Array
  readonly high: Uint32Array
  readonly low: Uint32Array
}

const BIAS_NANOS = 1n << 60n
const BIAS_HIGH = 2 ** 28
const WORD = 2 ** 32

/**
 * @param device number of each span's device
 * @param shifts by number of a device, how far its clock is ahead, in nanoseconds
 */
export function correctStarts(
  { startHigh, startLow }: Pick<SpanColumns, 'startHigh' | 'startLow'>,
  device: Uint32Array,
  shifts: readonly bigint[],
): CorrectedStarts {
  const count = device.length
  const [top, high, low] = [new Uint32Array(count), new Uint32Array(count), new Uint32Array(count)]
  const addHigh = shifts.map((shift) => Number((BIAS_NANOS - shift) >> 32n))
  const addLow = shifts.map((shift) => Number(BigInt.asUintN(32, BIAS_NANOS - shift)))
  for (let i = 0; i < count; i++) {
    const from = device[i] as number
    const lowSum = (startLow[i] as number) + (addLow[from] as number)
    const highSum = (startHigh[i] as number) + (addHigh[from] as number) + (lowSum >= WORD ? 1 : 0)
    low[i] = lowSum
    high[i] = highSum
    top[i] = highSum >= WORD ? 1 : 0
  }
  return { top, high, low }
}

/** How much later `a` starts than `b`, in nanoseconds; exact within 104 days, its sign always. */
export function nanosBetween({ top, high, low }: CorrectedStarts, a: number, b: number): number {
  const tops = ((top[a] as number) - (top[b] as number)) * WORD
  return (tops + (high[a] as number) - (high[b] as number)) * WORD + (low[a] as number) - (low[b] as number)
}

/** As an unsigned 64-bit integer in two words, or undefined for a time before 1970 or one that takes more. */
export function correctedWords({ top, high, low }: CorrectedStarts, i: number): readonly [number, number] | undefined {
  const unbiased = (top[i] as number) * WORD + (high[i] as number) - BIAS_HIGH
  return unbiased >= 0 && unbiased < WORD ? [unbiased, low[i] as number] : undefined
}

/** As it is, whatever it is. */
export function correctedStartAt({ top, high, low }: CorrectedStarts, i: number): bigint {
  return (
    ((BigInt(top[i] as number) << 64n) | (BigInt(high[i] as number) << 32n) | BigInt(low[i] as number)) - BIAS_NANOS
  )
}
