import { describe, expect, test } from 'vitest'
import { BareScan } from '../../../bench/support/bare-scan.ts'
import { traceIdOf } from '../../../bench/support/id-plan.ts'
import { encodedWords, LogTemplate, rankOf, wordOf, WORDS } from '../../../bench/support/log-template.ts'
import { SpanTemplate, tracesPerGroup, type SpanPlan } from '../../../bench/support/span-template.ts'
import { TraceGroups } from '../../../bench/support/trace-groups.ts'
import { toHex } from '../../../src/base/bytes.ts'
import { decodeLogRecords } from '../../../src/wire/otlp/decode-logs.ts'
import { decodeSpans } from '../../../src/wire/otlp/decode-traces.ts'

const plan: SpanPlan = { seed: 7, spansPerBatch: 512, servicesPerTrace: 2, services: ['ear', 'core'] }
const templates = [0, 1].map((variant) => new SpanTemplate(plan, variant))
const START_MS = Date.parse('2026-11-23T04:05:06.789Z')

function spansOf(batch: number) {
  const template = templates[batch % 2] as SpanTemplate
  template.become(batch, START_MS + batch)
  return decodeSpans(template.body)
}

describe('exports that are sent many times', () => {
  test('every span of every export has an id of its own', () => {
    const ids = [0, 1, 2, 3].flatMap((batch) => spansOf(batch).map(({ spanId }) => spanId))
    expect(new Set(ids).size).toBe(4 * 512)
  })

  test('a group of exports holds whole traces, each with one root and no parent that is missing', () => {
    const spans = [2, 3].flatMap(spansOf)
    const traces = new Set(spans.map(({ traceId }) => traceId))
    expect(traces.size).toBe(tracesPerGroup(plan))
    expect(traces).toContain(traceIdOf(plan.seed, tracesPerGroup(plan)))
    const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined)
    expect(new Set(roots.map(({ traceId }) => traceId)).size).toBe(roots.length)
    expect(roots.length).toBe(traces.size)
    const byId = new Map(spans.map((span) => [span.spanId, span]))
    const children = spans.filter(({ parentSpanId }) => parentSpanId !== undefined)
    expect(children.every(({ parentSpanId, traceId }) => byId.get(parentSpanId as never)?.traceId === traceId)).toBe(
      true,
    )
  })

  test('spans begin where they were told to, and end later', () => {
    for (const { startUnixNano, endUnixNano } of spansOf(5)) {
      const startMs = Number(startUnixNano / 1_000_000n)
      expect(startMs).toBeGreaterThanOrEqual(START_MS + 5)
      expect(startMs).toBeLessThan(START_MS + 5 + 50)
      expect(endUnixNano).toBeGreaterThan(startUnixNano)
    }
  })

  test('log lines hold the words that they are known to hold, as records and as text', () => {
    const words = encodedWords()
    expect(new Set(words.map(String)).size).toBe(WORDS)
    const template = new LogTemplate({ seed: 3, linesPerBatch: 100, services: ['ear'] }, 0, words)
    for (const batch of [0, 7]) {
      template.become(batch, START_MS)
      const bodies = decodeLogRecords(template.body).map(({ body }) => body as string)
      const ends = bodies.map((_, i) => [0, 1].map((slot) => wordOf(rankOf(3, batch * 100 + i, slot))).join(' '))
      expect(bodies.map((body, i) => body.endsWith(` ${ends[i]}`))).toEqual(bodies.map(() => true))
      expect(new TextDecoder().decode(template.toLines())).toBe(bodies.map((body) => `${body}\n`).join(''))
    }
  })

  test('words are as common as in a language: the first in every eighth line, the 600th in one of 3,000', () => {
    const lines = Array.from({ length: 100_000 }, (_, line) => [rankOf(3, line, 0), rankOf(3, line, 1)])
    const share = (rank: number): number => lines.filter((ranks) => ranks.includes(rank)).length / lines.length
    expect(share(0)).toBeCloseTo(1 / 8, 1)
    expect(share(600)).toBeCloseTo(1 / 3_250, 4)
  })
})

describe('the bare scan', () => {
  test('finds in every span what a decoder finds', () => {
    const spans = spansOf(1)
    const { body } = templates[1] as SpanTemplate
    const scan = new BareScan(512).scan(body)
    expect(scan.count).toBe(512)
    const view = new DataView(body.buffer)
    const hex = (at: number | undefined, length: number): string => toHex(body.subarray(at, (at ?? 0) + length))
    for (const [row, span] of spans.entries()) {
      const nameAt = scan.nameAt[row] as number
      expect({
        traceId: hex(scan.traceIdAt[row], 16),
        spanId: hex(scan.spanIdAt[row], 8),
        parentSpanId: hex(scan.parentIdAt[row], 8),
        name: new TextDecoder().decode(body.subarray(nameAt, nameAt + (scan.nameBytes[row] as number))),
        kind: scan.kind[row],
        start: view.getBigUint64(scan.startAt[row] as number, true),
        end: view.getBigUint64(scan.endAt[row] as number, true),
        status: scan.status[row],
      }).toEqual({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId,
        name: span.name,
        kind: span.kind,
        start: span.startUnixNano,
        end: span.endUnixNano,
        status: span.status?.code,
      })
    }
  })

  test('no prefix of an export is taken for an export with as many spans', () => {
    const { body } = templates[0] as SpanTemplate
    const scan = new BareScan(512)
    for (let length = 1; length < body.length; length += 997) {
      expect(() => scan.scan(body.subarray(0, length))).toThrow(RangeError)
    }
  })

  test('groups spans by trace with earliest start and latest end', () => {
    const spans = spansOf(0)
    const { body } = templates[0] as SpanTemplate
    const groups = new TraceGroups(512)
    groups.group(body, new BareScan(512).scan(body))
    const time = (bytes: Uint8Array): bigint => new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
    const traces = [...groups.traces(body)]
    expect(traces.length).toBe(tracesPerGroup(plan))
    for (const { traceId, start, end, spans: count } of traces) {
      const own = spans.filter((span) => span.traceId === toHex(traceId))
      expect(count).toBe(own.length)
      expect(time(start)).toBe(own.map(({ startUnixNano }) => startUnixNano).sort(byValue)[0])
      expect(time(end)).toBe(
        own
          .map(({ endUnixNano }) => endUnixNano)
          .sort(byValue)
          .at(-1),
      )
    }
  })
})

function byValue(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b)
}
