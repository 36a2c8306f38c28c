/** Tests on a record's own fields, made ready to run on its head. A test on anything else has none here. */
import { utf8 } from '../../base/bytes.ts'
import { TRACE_ID_BYTES } from '../../model/ids.ts'
import { spanKindWord, spanStatusWord } from '../otel-words.ts'
import type { Test, TextTest } from './condition.ts'
import { Nanos, type LogHead, type Range, type SpanHead } from './record-head.ts'
import { equalsAt, hasPart, partNeedle } from './text-in-bytes.ts'

export type HeadTest<Head> = (head: Head, bytes: Uint8Array) => boolean

export function spanTest(test: Test): HeadTest<SpanHead> | undefined {
  switch (test.on) {
    case 'name': {
      const holds = rangeTest(test.value)
      return (head, bytes) => holds(bytes, head.name)
    }
    case 'kind':
      return (head) => spanKindWord(head.kind) === test.kind
    case 'status':
      return (head) => spanStatusWord(head.statusCode) === test.status
    case 'duration':
      return durationTest(test)
    case 'trace': {
      const holds = idTest(test.digits)
      return (head, bytes) => holds(bytes, head.traceId)
    }
    default:
      return undefined
  }
}

export function logTest(test: Test): HeadTest<LogHead> | undefined {
  switch (test.on) {
    case 'name': {
      const holds = rangeTest(test.value)
      return (head, bytes) => holds(bytes, head.eventName)
    }
    case 'severity':
      return ({ severityNumber }) => severityNumber >= test.from && severityNumber <= test.to
    case 'trace': {
      const holds = idTest(test.digits)
      return (head, bytes) => holds(bytes, head.traceId)
    }
    default:
      return undefined
  }
}

function rangeTest(test: TextTest): (bytes: Uint8Array, range: Range) => boolean {
  if (test.is === 'equal') {
    const wanted = utf8(test.text)
    return (bytes, { start, end }) => equalsAt(bytes, start, end, wanted)
  }
  const part = partNeedle(test.part)
  return (bytes, { start, end }) => hasPart(bytes, start, end, part)
}

function durationTest({ order, nanos }: Extract<Test, { on: 'duration' }>): HeadTest<SpanHead> {
  const bound = Nanos.of(nanos)
  switch (order) {
    case '=':
      return ({ duration }) => !duration.isBefore(bound) && !bound.isBefore(duration)
    case '<':
      return ({ duration }) => duration.isBefore(bound)
    case '<=':
      return ({ duration }) => !bound.isBefore(duration)
    case '>':
      return ({ duration }) => bound.isBefore(duration)
    case '>=':
      return ({ duration }) => !duration.isBefore(bound)
  }
}

/** The first digits of an id; none: any id. */
function idTest(digits: string): (bytes: Uint8Array, range: Range) => boolean {
  const nibbles = Array.from(digits, (digit) => Number.parseInt(digit, 16))
  const beginsAt = (bytes: Uint8Array, start: number): boolean =>
    nibbles.every((nibble, i) => {
      const byte = bytes[start + (i >> 1)] as number
      return (i % 2 === 0 ? byte >> 4 : byte & 0x0f) === nibble
    })
  // An id of 64 bits has zeros before it; nobody types them.
  const mayBeShort = nibbles.length <= TRACE_ID_BYTES
  return (bytes, { start, end, length }) => {
    if (length !== TRACE_ID_BYTES || isZero(bytes, start, end)) return false
    if (beginsAt(bytes, start)) return true
    const middle = start + TRACE_ID_BYTES / 2
    return mayBeShort && isZero(bytes, start, middle) && beginsAt(bytes, middle)
  }
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false
  return true
}
