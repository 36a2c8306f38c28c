import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { concat, toHex } from '../../../../src/base/bytes.ts'
import type { ExportQuery } from '../../../../src/agent/keeper/export-plan.ts'
import { MAX_EXPORTS } from '../../../../src/agent/keeper/exports.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { transferCalls } from '../../../../src/agent/keeper/transfer-calls.ts'
import type { DeviceId } from '../../../../src/model/ids.ts'
import type { Signal } from '../../../../src/model/lane.ts'
import { ProtobufFileReader } from '../../../../src/transfer/read-protobuf.ts'
import { decodeLogRecords } from '../../../../src/wire/otlp/decode-logs.ts'
import { decodePayload } from '../../../../src/wire/otlp/decode-payload.ts'
import type { MetricInput } from '../../../../src/wire/otlp/write-metric.ts'
import { decodeSpans } from '../../../../src/wire/otlp/decode-traces.ts'
import { encodeLogsData, encodeMetricsData, encodeTracesData } from '../../../../src/wire/otlp/encode.ts'
import { auditPayloads, keeperHome, type KeeperHome } from '../../../support/keeper-home.ts'
import { logs, manySpans, spanIdOf, T0_NANO, traceIdOf, traces } from '../../../support/otlp-records.ts'
import { messagesOf, readFile } from '../../transfer/read-files.ts'
import { batch, logRecord, metric, span } from '../../wire/otlp/arbitraries.ts'

const OTLP = { kind: 'otlp' } as const
const ALL: Omit<ExportQuery, 'signal'> = {
  deviceIds: undefined,
  module: undefined,
  trace: undefined,
  filter: undefined,
  sinceUnixMs: undefined,
  untilUnixMs: undefined,
}
let home: KeeperHome
let keeper: Keeper
let calls: ReturnType<typeof transferCalls>

beforeEach(async () => {
  home = keeperHome()
  keeper = home.create()
  calls = transferCalls(keeper)
  await keeper.setStage('developer')
})
afterEach(() => home.remove())

async function exported(signal: Signal, query: Partial<ExportQuery> = {}) {
  const id = calls.exportStart({ ...ALL, signal, ...query })
  const blocks: Uint8Array[] = []
  for (let block = await calls.exportNext(id); block !== undefined; block = await calls.exportNext(id))
    blocks.push(...block)
  const totals = calls.exportTotals(id)
  calls.exportEnd(id)
  const found = readFile(new ProtobufFileReader(signal), concat(...blocks))
  expect(totals.messages).toBe(found.length)
  return { totals, messages: messagesOf(found).map(({ bytes }) => bytes) }
}

async function spanNames(query: Partial<ExportQuery>): Promise<string[]> {
  const { messages, totals } = await exported('traces', query)
  const names = messages.flatMap((bytes) => decodeSpans(bytes).map(({ name }) => name)).toSorted()
  expect(totals.records).toBe(names.length)
  return names
}

/** Every record with what stands around it, in one order. */
function recordsIn(messages: readonly Uint8Array[]): readonly string[] {
  return messages
    .flatMap((bytes) =>
      decodePayload(bytes, (_, { resource, scope, recordBytes }) => words(resource, scope, recordBytes)),
    )
    .toSorted()
}
const words = (resource: unknown, scope: unknown, bytes: Uint8Array): string =>
  `${toHex(bytes)} ${JSON.stringify([resource, scope])}`

/** A point without a time is not taken (OT13). */
const hasTimes = ({ data }: MetricInput): boolean => data.points.every(({ timeUnixNano }) => timeUnixNano > 0n)

describe('an export', () => {
  test('[EX3] gives back the bytes of every record that was taken, cut into segments or not yet', async () => {
    const message = fc.oneof(
      fc
        .array(span, { minLength: 1, maxLength: 5 })
        .map((spans) => ['traces', encodeTracesData({ ...batch, spans })] as const),
      fc
        .array(logRecord, { minLength: 1, maxLength: 5 })
        .map((logRecords) => ['logs', encodeLogsData({ ...batch, logRecords })] as const),
      fc
        .array(metric.filter(hasTimes), { minLength: 1, maxLength: 3 })
        .map((each) => ['metrics', encodeMetricsData({ ...batch, metrics: each })] as const),
    )
    const taken: Record<Signal, Uint8Array[]> = { traces: [], logs: [], metrics: [] }
    for (const [i, [signal, bytes]] of fc.sample(message, 120).entries()) {
      const { rejected } = await keeper.intake.take(signal, bytes, OTLP)
      expect(rejected).toBeUndefined()
      taken[signal].push(bytes)
      if (i % 25 === 0) keeper.writer.cut(() => true)
    }
    for (const signal of ['traces', 'logs', 'metrics'] as const) {
      const { messages, totals } = await exported(signal)
      expect(recordsIn(messages)).toEqual(recordsIn(taken[signal]))
      expect(totals).toMatchObject({ records: recordsIn(messages).length, tampered: 0, unreadable: 0 })
    }
  })

  test('[EX2] is as of its beginning, in blocks', async () => {
    const filler = 'x'.repeat(100_000)
    const bodies = (from: number): Uint8Array =>
      encodeLogsData({
        ...batch,
        logRecords: Array.from({ length: 10 }, (_, i) => ({
          timeUnixNano: T0_NANO + BigInt(from + i),
          severityNumber: 9,
          body: filler,
        })),
      })
    await keeper.intake.take('logs', bodies(0), OTLP)
    const id = calls.exportStart({ ...ALL, signal: 'logs' })
    await keeper.intake.take('logs', bodies(100), OTLP)
    const sizes: number[] = []
    for (let block = await calls.exportNext(id); block !== undefined; block = await calls.exportNext(id))
      sizes.push(...block.map(({ length }) => length))
    expect(sizes.length).toBeGreaterThan(2)
    expect(Math.max(...sizes)).toBeLessThan(600_000)
    expect(calls.exportTotals(id).records).toBe(10)
  })

  test('[EX2] looks at so many chunks a turn, also where nothing is found in them', async () => {
    for (let i = 0; i < 40; i++) {
      await keeper.intake.take('logs', logs('app', 9), OTLP)
      keeper.writer.cut(() => true)
    }
    const id = calls.exportStart({ ...ALL, signal: 'logs', filter: 'service~none' })
    const sizes: number[] = []
    for (let blocks = await calls.exportNext(id); blocks !== undefined; blocks = await calls.exportNext(id)) {
      sizes.push(...blocks.map(({ length }) => length))
    }
    expect(sizes).toEqual([0])
  })

  test('[EX2] is one of so many at once, and ends with its reader', () => {
    const ids = Array.from({ length: MAX_EXPORTS }, () => calls.exportStart({ ...ALL, signal: 'logs' }))
    const more = (): number => calls.exportStart({ ...ALL, signal: 'logs' })
    expect(more).toThrow(expect.objectContaining({ code: 'EXPORT_TOO_MANY' }))
    calls.exportEnd(ids[0] as number)
    expect(() => calls.exportNext(ids[0] as number)).toThrow(expect.objectContaining({ code: 'EXPORT_ENDED' }))
    expect(more()).toBeGreaterThan(0)
  })

  test('[EX1] is refused below its stage, and is an audit leaf where it is not', async () => {
    await keeper.setStage('pro')
    expect(() => calls.exportStart({ ...ALL, signal: 'traces' })).toThrow(
      expect.objectContaining({ code: 'STAGE_TOO_LOW' }),
    )
    calls.exportStart({ ...ALL, signal: 'logs', deviceIds: [keeper.card.deviceId] })
    expect(auditPayloads(keeper, 'data.exported')).toEqual([
      { kind: 'open', payload: { lane: 'logs', devices: keeper.card.deviceId } },
    ])
  })

  test('[EX5] leaves out what was altered, and counts it', async () => {
    await keeper.intake.take('traces', manySpans('app', 1, 1, 3), OTLP)
    keeper.writer.cut(() => true)
    await keeper.intake.take('traces', manySpans('app', 1, 10, 2), OTLP)
    const [altered] = [
      ...keeper.store.segments.latest(
        keeper.store.logs.ofLane('traces')[0]?.rowId as number,
        { from: 0n, to: 2n ** 63n - 1n },
        1,
      ),
    ]
    keeper.store.db.prepare('UPDATE segment SET header = zeroblob(length(header)) WHERE id = ?').run(altered?.id)
    const { totals, messages } = await exported('traces')
    expect(totals).toMatchObject({ records: 2, tampered: 1 })
    expect(recordsIn(messages)).toHaveLength(2)
  })
})

describe('what is asked for', () => {
  /** One span a millisecond, and what it says of itself. */
  const spanAt = (trace: number, n: number, attributes: Readonly<Record<string, string>> = {}) => ({
    traceId: traceIdOf(trace),
    spanId: spanIdOf(n),
    name: `span ${n}`,
    kind: 1,
    startUnixNano: T0_NANO + BigInt(n) * 1_000_000n,
    endUnixNano: T0_NANO + BigInt(n) * 1_000_000n + 500n,
    attributes,
  })
  const from = (service: string, ...spans: readonly ReturnType<typeof spanAt>[]): Uint8Array =>
    encodeTracesData({ resource: { attributes: { 'service.name': service } }, scope: { name: 'test' }, spans })
  const at = (n: number): number => Number(T0_NANO / 1_000_000n) + n

  beforeEach(async () => {
    await keeper.intake.take('traces', from('app', spanAt(1, 1), spanAt(1, 2, { word: 'yes' }), spanAt(1, 3)), OTLP)
    keeper.writer.cut(() => true)
    await keeper.intake.take(
      'traces',
      concat(from('app', spanAt(2, 4)), from('app', spanAt(1, 5, { word: 'yes' }))),
      OTLP,
    )
    await keeper.intake.take('traces', from('other', spanAt(1, 6)), OTLP)
  })

  test.each([
    { name: 'everything', query: {}, spans: [1, 2, 3, 4, 5, 6] },
    { name: 'a trace', query: { trace: traceIdOf(2) }, spans: [4] },
    { name: 'a trace in many chunks', query: { trace: traceIdOf(1) }, spans: [1, 2, 3, 5, 6] },
    { name: 'a trace by the start of its id', query: { trace: traceIdOf(2).slice(0, 31) }, spans: [1, 2, 3, 4, 5, 6] },
    { name: 'a trace that is not here', query: { trace: traceIdOf(9) }, spans: [] },
    { name: 'from a moment on', query: { sinceUnixMs: at(3) }, spans: [3, 4, 5, 6] },
    { name: 'before a moment', query: { untilUnixMs: at(3) }, spans: [1, 2] },
    { name: 'a range within a chunk', query: { sinceUnixMs: at(2), untilUnixMs: at(3) }, spans: [2] },
    { name: 'a range with all', query: { sinceUnixMs: 0, untilUnixMs: at(100) }, spans: [1, 2, 3, 4, 5, 6] },
    { name: 'a range after all', query: { sinceUnixMs: at(100) }, spans: [] },
    { name: 'a module', query: { module: 'otlp/other' }, spans: [6] },
    {
      name: 'a module and a trace',
      query: { module: 'otlp/app', trace: traceIdOf(1), sinceUnixMs: at(2) },
      spans: [2, 3, 5],
    },
    { name: 'an attribute', query: { filter: 'word=yes' }, spans: [2, 5] },
    { name: 'an attribute and a time', query: { filter: 'word=yes', untilUnixMs: at(5) }, spans: [2] },
    { name: 'a name', query: { filter: "name='span 4'" }, spans: [4] },
    { name: 'another device', query: { deviceIds: ['ab'.repeat(32) as DeviceId] }, spans: [] },
  ])('[EX4] $name', async ({ query, spans }) => {
    expect(await spanNames(query)).toEqual(spans.map((n) => `span ${n}`))
  })

  test('[EX4] this device', async () => {
    expect(await spanNames({ deviceIds: [keeper.card.deviceId] })).toHaveLength(6)
  })

  test.each([
    { name: 'a filter that is none', query: { signal: 'traces', filter: 'a OR b' }, code: 'SEARCH_FILTER' },
    { name: 'a trace that is none', query: { signal: 'logs', trace: 'xyz' }, code: 'SEARCH_QUERY' },
    { name: 'a filter of metrics', query: { signal: 'metrics', filter: 'a=b' }, code: 'SEARCH_QUERY' },
    { name: 'a trace of metrics', query: { signal: 'metrics', trace: traceIdOf(1) }, code: 'SEARCH_QUERY' },
  ] as const)('[EX4] $name is refused, without a leaf', ({ query, code }) => {
    expect(() => calls.exportStart({ ...ALL, ...query })).toThrow(expect.objectContaining({ code }))
    expect(auditPayloads(keeper, 'data.exported')).toEqual([])
  })

  test('[EX4] log records by their time and their trace, metrics by their points', async () => {
    const line = (n: number, trace?: number) => ({
      timeUnixNano: T0_NANO + BigInt(n) * 1_000_000n,
      severityNumber: 9,
      body: `line ${n}`,
      ...(trace !== undefined && { traceId: traceIdOf(trace) }),
    })
    await keeper.intake.take('logs', encodeLogsData({ ...batch, logRecords: [line(1), line(2, 7), line(3)] }), OTLP)
    const bodies = async (query: Partial<ExportQuery>) =>
      (await exported('logs', query)).messages.flatMap((bytes) => decodeLogRecords(bytes).map(({ body }) => body))
    expect(await bodies({ trace: traceIdOf(7) })).toEqual(['line 2'])
    expect(await bodies({ filter: '"line 3"' })).toEqual(['line 3'])
    expect(await bodies({ sinceUnixMs: at(2), untilUnixMs: at(3) })).toEqual(['line 2'])

    const points = [0, 4].map((n) => ({ timeUnixNano: T0_NANO + BigInt(n) * 1_000_000n, value: n }))
    await keeper.intake.take(
      'metrics',
      encodeMetricsData({ ...batch, metrics: [{ name: 'load', data: { type: 'gauge', points } }] }),
      OTLP,
    )
    const count = async (query: Partial<ExportQuery>) => (await exported('metrics', query)).totals.records
    expect(await count({ sinceUnixMs: at(4) })).toBe(1)
    expect(await count({ sinceUnixMs: at(5) })).toBe(0)
    expect(await count({ untilUnixMs: at(0) })).toBe(0)
    expect(await count({ module: 'otlp/nobody' })).toBe(0)
  })
})

describe('a batch of an import', () => {
  test('[IM1] is admitted as OTLP is, bad records alone left out', async () => {
    const bytes = traces('app', { trace: 1, span: 1 }, { trace: 1, span: 2, isBad: true })
    expect(await calls.importRecords('traces', bytes)).toMatchObject({
      accepted: 1,
      rejected: { count: 1, code: 'OTLP_BAD_TIME' },
    })
    expect(keeper.store.logs.ofLane('traces').map(({ module }) => module)).toEqual(['otlp/app'])
  })

  test.each(['casual', 'pro'] as const)('[IM1] is refused at %s, and nothing is counted as dropped', async (stage) => {
    await keeper.setStage(stage)
    await expect(calls.importRecords('logs', logs('app', 17))).rejects.toMatchObject({
      code: 'STAGE_TOO_LOW',
      details: { needs: 'developer' },
    })
    expect(keeper.store.counters.all()).not.toHaveProperty('ingest.dropped_by_stage')
  })
})
