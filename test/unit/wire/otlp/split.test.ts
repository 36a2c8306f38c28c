import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, toHex } from '../../../../src/base/bytes.ts'
import { MAX_SEGMENT_RAW_BYTES } from '../../../../src/model/segment.ts'
import { decodeSpans } from '../../../../src/wire/otlp/decode-traces.ts'
import { MAX_HEAD_BYTES, MAX_RECORD_BYTES } from '../../../../src/wire/otlp/limits.ts'
import type { Columns } from '../../../../src/wire/otlp/columns.ts'
import { scanOtlp } from '../../../../src/wire/otlp/scan.ts'
import type { Chunk, SplitLimits } from '../../../../src/wire/otlp/split.ts'
import { splitResource } from '../../../../src/wire/otlp/split.ts'
import { field, GOOD_SPAN_ID, GOOD_TRACE_ID, hex, SERVICE, varint } from './raw.ts'

const WIDE: SplitLimits = { maxRecords: 4096, maxBytes: MAX_SEGMENT_RAW_BYTES }
const all = (): boolean => true

function span(name: string): Uint8Array {
  return field(2, field(1, GOOD_TRACE_ID), field(2, GOOD_SPAN_ID), field(5, name))
}

function scope(name: string, ...spans: readonly Uint8Array[]): Uint8Array {
  return field(2, field(1, field(1, name)), ...spans, field(3, `url of ${name}`))
}

type Keep = (columns: Columns, row: number) => boolean

function split(bytes: Uint8Array, keep: Keep, limits: SplitLimits): readonly Chunk[] {
  const { columns, resources } = scanOtlp('traces', bytes)
  return resources.flatMap((resource) => splitResource(columns, resource, (row) => keep(columns, row), limits))
}

/** What is in the bytes, as `service/scope/span`. */
function contents(bytes: Uint8Array): string[] {
  return decodeSpans(bytes).map(
    ({ resource, scope: { name: scopeName }, name }) =>
      `${resource.attributes[0]?.value as string}/${scopeName}/${name}`,
  )
}

const named =
  (names: readonly string[]): Keep =>
  (columns, row) =>
    names.includes(columns.name(row))

describe('split', () => {
  const bytes = field(1, SERVICE, scope('a', span('1'), span('2')), scope('b', span('3')), varint(50, 7))

  test('[OT7] a resource that is kept and fits goes on as it is', () => {
    const [chunk, ...more] = split(bytes, all, WIDE)
    expect(more).toEqual([])
    expect(chunk?.bytes).toEqual(bytes)
    expect(chunk?.rows).toHaveLength(3)
  })

  test('[OT7] a small chunk does not keep a large message in memory', () => {
    const large = concat(field(1, SERVICE, scope('a', span('x'.repeat(1000)))), bytes)
    const [first, second] = split(large, all, WIDE)
    expect(first?.bytes.buffer).toBe(large.buffer)
    expect(second?.bytes).toEqual(bytes)
    expect(second?.bytes.buffer).not.toBe(large.buffer)
  })

  test.each([
    { name: 'nothing', keep: [], chunks: [] },
    { name: 'the first', keep: ['1'], chunks: [['svc/a/1']] },
    { name: 'one of each scope', keep: ['2', '3'], chunks: [['svc/a/2', 'svc/b/3']] },
    { name: 'the last scope', keep: ['3'], chunks: [['svc/b/3']] },
  ])('[OT7] keeping $name keeps it under its resource and scope', ({ keep, chunks }) => {
    expect(split(bytes, named(keep), WIDE).map((chunk) => contents(chunk.bytes))).toEqual(chunks)
  })

  test('[OT7] what is framed anew has the record bytes, schema URLs and unknown fields it had', () => {
    const [chunk] = split(bytes, named(['2']), WIDE)
    expect(chunk?.bytes).toEqual(
      field(1, SERVICE, varint(50, 7), field(2, field(1, field(1, 'a')), field(3, 'url of a'), span('2'))),
    )
  })

  test('[OT7] rejected records are never in a chunk', () => {
    const bad = field(2, field(5, hex('ff')))
    const mixed = field(1, SERVICE, scope('a', span('1'), bad, span('2')), field(2, field(1, field(1, hex('ff')))))
    const chunks = split(mixed, all, WIDE)
    expect(chunks.map((chunk) => contents(chunk.bytes))).toEqual([['svc/a/1', 'svc/a/2']])
  })

  test('[OT7] rows go with the chunk their records are in, in order', () => {
    const chunks = split(bytes, all, { ...WIDE, maxRecords: 2 })
    const { columns } = scanOtlp('traces', bytes)
    expect(chunks.map(({ rows }) => Array.from(rows, (row) => columns.name(row)))).toEqual([['1', '2'], ['3']])
  })

  test('[OT7] a chunk has as many records as the limit, never more', () => {
    const three = field(1, SERVICE, scope('a', span('1'), span('2'), span('3')))
    const sizes = (maxRecords: number): number[] =>
      split(three, all, { ...WIDE, maxRecords }).map(({ rows }) => rows.length)
    expect(sizes(4)).toEqual([3])
    expect(sizes(3)).toEqual([3])
    expect(sizes(2)).toEqual([2, 1])
    expect(sizes(1)).toEqual([1, 1, 1])
  })

  test('[OT7] a chunk fills its bytes to the limit, and not one past it', () => {
    const large = Array.from({ length: 3 }, (_, i) => span(String(i).repeat(5000)))
    const two = field(1, SERVICE, field(2, field(1, field(1, 'a')), field(3, 'url of a'), ...large.slice(0, 2))).length
    const whole = field(1, SERVICE, scope('a', ...large))
    const counts = (maxBytes: number): number[] =>
      split(whole, all, { ...WIDE, maxBytes }).map(({ rows }) => rows.length)
    expect(counts(whole.length)).toEqual([3])
    expect(counts(whole.length - 1)).toEqual([2, 1])
    expect(counts(two)).toEqual([2, 1])
    expect(counts(two - 1)).toEqual([1, 1, 1])
  })

  test('[OT7] a record over the byte limit has a chunk of its own', () => {
    const whole = field(1, SERVICE, scope('a', span('1'), span('x'.repeat(3000)), span('2')))
    const chunks = split(whole, all, { ...WIDE, maxBytes: 1000 })
    expect(chunks.map(({ rows }) => rows.length)).toEqual([1, 1, 1])
  })

  test('[OT7] the largest record under the largest resource and scope fits a segment', () => {
    const head = (number: number): Uint8Array => field(number, new Uint8Array(MAX_HEAD_BYTES - 5))
    const record = span('x'.repeat(MAX_RECORD_BYTES - 36))
    expect(record.length).toBe(MAX_RECORD_BYTES)
    const whole = field(1, head(99), field(2, head(99), record, span('1')))
    const chunks = split(whole, all, WIDE)
    expect(chunks.map(({ rows }) => rows.length)).toEqual([1, 1])
    expect(chunks[0]?.bytes.length).toBeLessThanOrEqual(MAX_SEGMENT_RAW_BYTES)
    expect(chunks[0]?.bytes.length).toBeGreaterThan(MAX_SEGMENT_RAW_BYTES - 10)
  })

  test('[OT7] repeating a large resource at most doubles the bytes', () => {
    const spans = Array.from({ length: 1000 }, (_, i) => span(String(i).padStart(70)))
    const whole = field(1, field(99, new Uint8Array(50_000)), field(2, ...spans))
    const chunks = split(whole, all, { ...WIDE, maxBytes: 10_000 })
    const total = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0)
    expect(chunks.length).toBeGreaterThan(1)
    expect(total).toBeLessThan(2 * whole.length + 100_000)
  })

  test('[OT7] chunks behind each other are a message with exactly the kept records', () => {
    const scopes = fc.array(fc.array(fc.nat({ max: 300 }), { maxLength: 8 }), { maxLength: 5 })
    const limits = fc.record({
      maxRecords: fc.integer({ min: 1, max: 9 }),
      maxBytes: fc.integer({ min: 1, max: 2000 }),
    })
    fc.assert(
      fc.property(fc.array(scopes, { maxLength: 3 }), limits, fc.func(fc.boolean()), (resources, limit, coin) => {
        const message = concat(
          ...resources.map((each) =>
            field(1, SERVICE, ...each.map((names, i) => scope(`s${i}`, ...names.map((n) => span(`${n}`.padEnd(n)))))),
          ),
        )
        const { columns } = scanOtlp('traces', message)
        const keep: Keep = ({ start }, row) => coin(start[row])
        const texts = contents(message)
        const kept = texts.map((text, row) => ({ row, text })).filter(({ row }) => keep(columns, row))
        const chunks = split(message, keep, limit)
        const joined = concat(...chunks.map((chunk) => chunk.bytes))
        expect(contents(joined)).toEqual(kept.map(({ text }) => text))
        expect(chunks.flatMap((chunk) => [...chunk.rows])).toEqual(kept.map(({ row }) => row))
        expect(chunks.every((chunk) => chunk.rows.length <= limit.maxRecords)).toBe(true)
        expect(scanOtlp('traces', joined)).toMatchObject({ accepted: kept.length, rejected: undefined })
        expect(decodeSpans(joined).map((each) => toHex(each.recordBytes))).toEqual(
          decodeSpans(message)
            .filter((_, row) => keep(columns, row))
            .map((each) => toHex(each.recordBytes)),
        )
      }),
    )
  })
})
