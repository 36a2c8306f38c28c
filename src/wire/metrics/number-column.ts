/**
 * Doubles of one kind in order, bit for bit, in as few bits as one of three forms takes.
 *
 *   | form 2 bits | ...
 *   0 the same: | double |                          every value is this one
 *   1 decimal:  | places 4 bits | integers |        value = integer / 10^places (integer-column.ts)
 *   2 bits:     | double | value* |                 the first, then each as what differs from the bits of the one before:
 *               | 0 |                               nothing
 *               | 1 | 0 | bits |                    within the stretch of bits that differed last
 *               | 1 | 1 | leading 6 | length-1 6 | bits |   in a stretch of its own
 *
 * Form 2 is the scheme of Pelkonen et al., "Gorilla: A Fast, Scalable, In-Memory Time Series Database", VLDB 2015, 4.1.2.
 */
import type { BitReader } from './bit-reader.ts'
import type { BitWriter } from './bit-writer.ts'
import { MAX_INTEGER, readIntegers, writeIntegers } from './integer-column.ts'
import { malformedBlock } from './metric-block-error.ts'

/** Most places behind the point that are looked for: nanoseconds of a second. */
const MAX_PLACES = 9
const FORM_SAME = 0
const FORM_DECIMAL = 1
const FORM_BITS = 2

export function writeNumbers(writer: BitWriter, values: ArrayLike<number>): void {
  if (isConstant(values)) {
    writer.bits(FORM_SAME, 2)
    writer.double(values[0] ?? 0)
    return
  }
  for (let places = 0; places <= MAX_PLACES; places++) {
    const integers = asIntegers(values, 10 ** places)
    if (integers === undefined) continue
    writer.bits(FORM_DECIMAL, 2)
    writer.bits(places, 4)
    return writeIntegers(writer, integers)
  }
  writer.bits(FORM_BITS, 2)
  writeBits(writer, values)
}

/** `count` was checked by the caller. @throws {MetricBlockError} `METRIC_BLOCK_MALFORMED` */
export function readNumbers(reader: BitReader, count: number): Float64Array {
  const form = reader.bits(2)
  if (form === FORM_SAME) return new Float64Array(count).fill(reader.double())
  if (form === FORM_BITS) return readBits(reader, count)
  if (form !== FORM_DECIMAL) throw malformedBlock('a form of numbers is unknown')
  const places = reader.bits(4)
  if (places > MAX_PLACES) throw malformedBlock('numbers have too many places')
  const values = readIntegers(reader, count)
  const scale = 10 ** places
  return scale === 1 ? values : values.map((value) => value / scale)
}

function isConstant(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (!Object.is(values[i], values[0])) return false
  return true
}

/** Undefined unless dividing gives every value back as it is. */
function asIntegers(values: ArrayLike<number>, scale: number): Float64Array | undefined {
  const integers = new Float64Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    const integer = Math.round(value * scale)
    if (!(Math.abs(integer) < MAX_INTEGER) || integer / scale !== value || Object.is(value, -0)) return undefined
    integers[i] = integer
  }
  return integers
}

/** A stretch of the 64 bits: how many before it, and how many in it. */
interface Stretch {
  readonly leading: number
  readonly length: number
}

function writeBits(writer: BitWriter, values: ArrayLike<number>): void {
  writer.double(values[0] as number)
  let [high, low] = halves(values[0] as number)
  let last: Stretch | undefined
  for (let i = 1; i < values.length; i++) {
    const [nextHigh, nextLow] = halves(values[i] as number)
    const [changedHigh, changedLow] = [(high ^ nextHigh) >>> 0, (low ^ nextLow) >>> 0]
    ;[high, low] = [nextHigh, nextLow]
    if (changedHigh === 0 && changedLow === 0) {
      writer.bits(0, 1)
      continue
    }
    const own = stretchOf(changedHigh, changedLow)
    const fits = last !== undefined && own.leading >= last.leading && endOf(own) <= endOf(last)
    writer.bits(fits ? 0b10 : 0b11, 2)
    if (!fits) {
      last = own
      writer.bits(own.leading, 6)
      writer.bits(own.length - 1, 6)
    }
    writeStretch(writer, changedHigh, changedLow, last as Stretch)
  }
}

function readBits(reader: BitReader, count: number): Float64Array {
  const values = new Float64Array(count)
  if (count === 0) throw malformedBlock('there are no numbers')
  values[0] = reader.double()
  let [high, low] = halves(values[0])
  let last: Stretch | undefined
  for (let i = 1; i < count; i++) {
    if (reader.bits(1) === 1) {
      if (reader.bits(1) === 1) last = { leading: reader.bits(6), length: reader.bits(6) + 1 }
      if (last === undefined || endOf(last) > 64) throw malformedBlock('a stretch of bits is out of range')
      const [changedHigh, changedLow] = readStretch(reader, last)
      high = (high ^ changedHigh) >>> 0
      low = (low ^ changedLow) >>> 0
    }
    scratch.setUint32(0, high)
    scratch.setUint32(4, low)
    values[i] = scratch.getFloat64(0)
  }
  return values
}

const scratch = new DataView(new ArrayBuffer(8))

function halves(value: number): [high: number, low: number] {
  scratch.setFloat64(0, value)
  return [scratch.getUint32(0), scratch.getUint32(4)]
}

function stretchOf(high: number, low: number): Stretch {
  const leading = high === 0 ? 32 + Math.clz32(low) : Math.clz32(high)
  const trailing = low === 0 ? 32 + trailingZeros(high) : trailingZeros(low)
  return { leading, length: 64 - leading - trailing }
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word)
}

function endOf({ leading, length }: Stretch): number {
  return leading + length
}

function writeStretch(writer: BitWriter, high: number, low: number, stretch: Stretch): void {
  const [inHigh, inLow] = bitsOfHalves(stretch)
  if (inHigh > 0) writer.bits(endOf(stretch) >= 32 ? high : high >>> (32 - endOf(stretch)), inHigh)
  if (inLow > 0) writer.bits(low >>> (64 - endOf(stretch)), inLow)
}

function readStretch(reader: BitReader, stretch: Stretch): [high: number, low: number] {
  const [inHigh, inLow] = bitsOfHalves(stretch)
  const highBits = inHigh > 0 ? reader.bits(inHigh) : 0
  const lowBits = inLow > 0 ? reader.bits(inLow) : 0
  const high = endOf(stretch) >= 32 ? highBits : highBits << (32 - endOf(stretch))
  return [high, inLow > 0 ? lowBits << (64 - endOf(stretch)) : 0]
}

/** How many bits of a stretch lie in each half. */
function bitsOfHalves(stretch: Stretch): [inHigh: number, inLow: number] {
  const inHigh = Math.max(0, Math.min(32, endOf(stretch)) - stretch.leading)
  return [inHigh, stretch.length - inHigh]
}
