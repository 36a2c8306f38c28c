/**
 * Tests on attributes, made on the bytes of each KeyValue: the key is compared first, and only the value of one that is
 * asked for is read. A list's elements are tested like single values; what is deeper is not looked at.
 */
import { utf8 } from '../../base/bytes.ts'
import type { ProtobufReader } from '../../wire/otlp/protobuf-reader.ts'
import type { Scalar, ValueTest } from './condition.ts'
import { isOrdered, readNumber, MAX_NUMBER_CHARS } from './number-value.ts'
import { Range } from './record-head.ts'
import { beginsAt, equalsAt, hasPart, partNeedle, type PartNeedle } from './text-in-bytes.ts'

export interface AttributeTest {
  readonly key: string
  readonly value: ValueTest
  /** Set in the answer when the test holds. */
  readonly bit: number
}

interface ReadyTest {
  readonly bit: number
  readonly value: ReadyValue
}
type ReadyValue =
  | Exclude<ValueTest, { is: 'contains' } | { is: 'equal' } | { is: 'begins' }>
  | { readonly is: 'contains'; readonly part: PartNeedle }
  | { readonly is: 'equal'; readonly value: Scalar; readonly bytes: Uint8Array }
  | { readonly is: 'begins'; readonly bytes: Uint8Array }

export class AttributeTests {
  readonly #keys: readonly { readonly bytes: Uint8Array; readonly tests: readonly ReadyTest[] }[]
  readonly #key = new Range()
  readonly #value = new Range()
  readonly #text = new Range()

  constructor(tests: readonly AttributeTest[]) {
    const byKey = Map.groupBy(tests, ({ key }) => key)
    this.#keys = [...byKey].map(([key, group]) => ({ bytes: utf8(key), tests: group.map(toReady) }))
  }

  get isEmpty(): boolean {
    return this.#keys.length === 0
  }

  /** Reads the KeyValue field whose tag has just been read. @returns the bits of the tests that hold */
  found(reader: ProtobufReader): number {
    const key = this.#key
    const outer = reader.enter()
    if (!this.#readPlain(reader)) this.#readAny(reader)
    reader.leave(outer)
    for (const { bytes, tests } of this.#keys) {
      if (equalsAt(reader.bytes, key.start, key.end, bytes)) return this.#test(reader, tests)
    }
    return 0
  }

  /** A key and then a value, both shorter than 128 bytes and nothing else: nearly all there are, and twice as fast. */
  #readPlain({ bytes, pos, end }: ProtobufReader): boolean {
    const keyStart = pos + 2
    const valueAt = keyStart + (bytes[pos + 1] as number)
    if (valueAt + 2 > end || bytes[pos] !== 0x0a || bytes[valueAt] !== 0x12) return false
    const valueLength = bytes[valueAt + 1] as number
    if (valueLength >= 0x80 || valueAt + 2 + valueLength !== end || valueAt - keyStart >= 0x80) return false
    this.#key.start = keyStart
    this.#key.end = valueAt
    this.#value.start = valueAt + 2
    this.#value.end = end
    return true
  }

  #readAny(reader: ProtobufReader): void {
    this.#key.clear()
    this.#value.clear()
    while (reader.hasMore) {
      const tag = reader.tag()
      if (tag === 0x0a) this.#key.read(reader)
      else if (tag === 0x12) this.#value.read(reader)
      else reader.skip(tag & 7)
    }
  }

  #test(reader: ProtobufReader, tests: readonly ReadyTest[]): number {
    const { pos, end } = reader
    let found = 0
    for (const { bit, value } of tests) {
      if (value.is === 'exists' || this.#holds(reader, this.#value.start, this.#value.end, value, true)) found |= bit
    }
    reader.seek(pos, end)
    return found
  }

  /** Whether it holds for the AnyValue between `start` and `end`, whose last member counts. */
  #holds(reader: ProtobufReader, start: number, end: number, test: ReadyValue, mayBeList: boolean): boolean {
    reader.seek(start, end)
    let holds = false
    while (reader.hasMore) {
      const tag = reader.tag()
      if (tag === 0x0a) holds = this.#holdsText(reader, test)
      else if (tag === 0x10) holds = holdsBool(reader.bool(), test)
      else if (tag === 0x18) holds = holdsNumber(reader.int64(), test)
      else if (tag === 0x21) holds = holdsNumber(reader.double(), test)
      else if (tag === 0x2a && mayBeList) holds = this.#holdsElement(reader, test)
      else {
        reader.skip(tag & 7)
        if (tag >>> 3 <= LAST_MEMBER) holds = false
      }
    }
    return holds
  }

  /** Field 1 of the message whose tag has just been read, repeated. */
  #holdsElement(reader: ProtobufReader, test: ReadyValue): boolean {
    const outer = reader.enter()
    const { end } = reader
    let holds = false
    while (reader.hasMore) {
      const tag = reader.tag()
      if (tag !== 0x0a) {
        reader.skip(tag & 7)
        continue
      }
      reader.enter()
      const next = reader.end
      holds = this.#holds(reader, reader.pos, next, test, false) || holds
      reader.seek(next, end)
    }
    reader.leave(outer)
    return holds
  }

  #holdsText(reader: ProtobufReader, test: ReadyValue): boolean {
    const text = this.#text
    text.read(reader)
    if (test.is === 'equal') return equalsAt(reader.bytes, text.start, text.end, test.bytes)
    if (test.is === 'begins') return beginsAt(reader.bytes, text.start, text.end, test.bytes)
    if (test.is === 'contains') return hasPart(reader.bytes, text.start, text.end, test.part)
    if (test.is !== 'ordered' || text.length > MAX_NUMBER_CHARS) return false
    const number = readNumber(String.fromCharCode(...reader.bytes.subarray(text.start, text.end)))
    return number !== undefined && isOrdered(number, test.order, test.number)
  }
}

/** Members of AnyValue's `oneof`: of several the last is the value. */
const LAST_MEMBER = 7

function holdsBool(value: boolean, test: ReadyValue): boolean {
  return test.is === 'equal' && test.value.type === 'bool' && test.value.value === value
}

function holdsNumber(value: bigint | number, test: ReadyValue): boolean {
  if (test.is === 'ordered') return isOrdered(value, test.order, test.number)
  return test.is === 'equal' && test.value.type === 'number' && isOrdered(value, '=', test.value.number)
}

function toReady({ bit, value }: AttributeTest): ReadyTest {
  if (value.is === 'equal') return { bit, value: { ...value, bytes: utf8(value.value.text) } }
  if (value.is === 'begins') return { bit, value: { ...value, bytes: utf8(value.text) } }
  return { bit, value: value.is === 'contains' ? { ...value, part: partNeedle(value.part) } : value }
}
