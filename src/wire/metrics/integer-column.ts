/**
 * Integers of a magnitude below 2^49, as what is left of each after it was foretold from those before, in groups of 64.
 *
 *   | order 2 bits | first, signed, if order > 0 | step, signed, if order = 2 | group* |
 *   group: | least, signed | width 6 bits | (rest - least) in width bits * 64, or as many as are left |
 *
 * Order 0 foretells nothing, 1 the value before, 2 the value before and the step to it. `first` and `step` are the first
 * value and the step from it to the second, so that both are foretold exactly. The writer takes the cheapest order.
 */
import type { BitReader } from './bit-reader.ts'
import { widthOf, type BitWriter } from './bit-writer.ts'
import { malformedBlock } from './metric-block-error.ts'

/** Magnitudes below it keep every difference of differences exact. */
export const MAX_INTEGER = 2 ** 49
const GROUP = 64

export function writeIntegers(writer: BitWriter, values: ArrayLike<number>): void {
  const { order, rest } = cheapest(values)
  const { first, step } = headOf(values)
  writer.bits(order, 2)
  if (order > 0) writer.signed(first)
  if (order === 2) writer.signed(step)
  for (let at = 0; at < rest.length; at += GROUP) writeGroup(writer, rest, at)
}

/** `count` was checked by the caller. @throws {MetricBlockError} `METRIC_BLOCK_MALFORMED` */
export function readIntegers(reader: BitReader, count: number): Float64Array {
  const order = reader.bits(2)
  if (order > 2) throw malformedBlock('an order of numbers is unknown')
  const first = order > 0 ? reader.signed() : 0
  const step = order === 2 ? reader.signed() : 0
  const values = new Float64Array(count)
  let [before, beforeThat] = [first - step, first - 2 * step]
  for (let at = 0; at < count; at += GROUP) {
    const least = reader.signed()
    const width = reader.width()
    const end = Math.min(at + GROUP, count)
    for (let i = at; i < end; i++) {
      const value = foretold(order, before, beforeThat) + least + reader.wide(width)
      if (!(Math.abs(value) < MAX_INTEGER)) throw malformedBlock('a number is out of range')
      values[i] = value
      beforeThat = before
      before = value
    }
  }
  return values
}

interface Candidate {
  readonly order: 0 | 1 | 2
  readonly rest: Float64Array
  readonly cost: number
}

function cheapest(values: ArrayLike<number>): Candidate {
  const [plain, steps] = [candidate(values, 0), candidate(values, 1)]
  // Nothing is left of equal values: there is nothing to gain. (One value, or none, has no steps.)
  const candidates = steps.rest.every((rest) => rest === 0) ? [plain, steps] : [plain, steps, candidate(values, 2)]
  return candidates.reduce((best, each) => (each.cost < best.cost ? each : best))
}

function candidate(values: ArrayLike<number>, order: 0 | 1 | 2): Candidate {
  const rest = restOf(values, order)
  const { first, step } = headOf(values)
  const head = (order > 0 ? signedBits(first) : 0) + (order === 2 ? signedBits(step) : 0)
  return { order, rest, cost: costOf(rest) + head }
}

function signedBits(value: number): number {
  return 6 + widthOf(Math.abs(value) * 2)
}

function restOf(values: ArrayLike<number>, order: number): Float64Array {
  const { first, step } = headOf(values)
  const rest = new Float64Array(values.length)
  let [before, beforeThat] = order === 2 ? [first - step, first - 2 * step] : [first, first]
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    rest[i] = value - foretold(order, before, beforeThat)
    beforeThat = before
    before = value
  }
  return rest
}

function headOf(values: ArrayLike<number>): { readonly first: number; readonly step: number } {
  const [first = 0, second = first] = [values[0], values[1]]
  return { first, step: second - first }
}

function foretold(order: number, before: number, beforeThat: number): number {
  if (order === 0) return 0
  return order === 1 ? before : 2 * before - beforeThat
}

/** In bits. */
function costOf(rest: Float64Array): number {
  let bits = 0
  for (let at = 0; at < rest.length; at += GROUP) {
    const { least, width, end } = groupAt(rest, at)
    bits += signedBits(least) + 6 + width * (end - at)
  }
  return bits
}

function writeGroup(writer: BitWriter, rest: Float64Array, at: number): void {
  const { least, width, end } = groupAt(rest, at)
  writer.signed(least)
  writer.bits(width, 6)
  for (let i = at; i < end; i++) writer.wide((rest[i] as number) - least, width)
}

function groupAt(rest: Float64Array, at: number): { least: number; width: number; end: number } {
  const end = Math.min(at + GROUP, rest.length)
  let least = rest[at] as number
  let most = least
  for (let i = at + 1; i < end; i++) {
    const value = rest[i] as number
    if (value < least) least = value
    if (value > most) most = value
  }
  return { least, width: widthOf(most - least), end }
}
