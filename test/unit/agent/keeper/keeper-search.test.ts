import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { keeperApi, type KeeperApi } from '../../../../src/agent/keeper/keeper-api.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import type { ErrorList } from '../../../../src/query/search/error-groups.ts'
import type { TraceList } from '../../../../src/query/search/search-traces.ts'
import type { StatisticsList } from '../../../../src/query/search/span-statistics.ts'
import { encodeTracesData } from '../../../../src/wire/otlp/encode.ts'
import { parseParts } from '../../../support/finish.ts'
import { keeperHome, type KeeperHome } from '../../../support/keeper-home.ts'
import { logs, manySpans, spanIdOf, T0_NANO, traceIdOf, traces } from '../../../support/otlp-records.ts'

const OTLP = { kind: 'otlp' } as const
const T0_MS = Number(T0_NANO / 1_000_000n)
let home: KeeperHome
let keeper: Keeper
let api: KeeperApi

beforeEach(async () => {
  home = keeperHome()
  keeper = home.create()
  api = keeperApi(keeper, '')
  await keeper.setStage('developer')
})
afterEach(() => home.remove())

async function search(fields: Readonly<Record<string, unknown>>): Promise<TraceList> {
  return JSON.parse(Buffer.concat(await api.searchTraces(fields)).toString()) as TraceList
}

const ids = ({ traces: found }: TraceList): readonly string[] => found.map(({ traceId }) => traceId)

describe('searching the store', () => {
  test('[SQ8] finds what is sealed and what is still open, each trace once and whole', async () => {
    await keeper.intake.take('traces', manySpans('shop', 1, 1, 300), OTLP) // cut at once
    await keeper.intake.take('traces', traces('shop', { trace: 1, span: 301 }, { trace: 2, span: 302 }), OTLP)
    expect(keeper.store.segments.totals().segments).toBeGreaterThan(0)
    const list = await search({ filter: 'service=shop' })
    expect(ids(list)).toEqual([traceIdOf(2), traceIdOf(1)])
    expect(list.traces[1]).toMatchObject({ spans: 301, modules: ['otlp/shop'], devices: [{ name: 'phone' }] })
    expect(list.looked).toMatchObject({ records: 302, unreadable: 0, cut: null })
  })

  test('[SQ7] opens only logs of the modules and devices that are meant, and chunks of the range', async () => {
    await keeper.intake.take('traces', traces('a', { trace: 1, span: 1 }), OTLP)
    await keeper.intake.take('traces', traces('b', { trace: 2, span: 2 }), OTLP)
    const lookedAt = async (fields: Readonly<Record<string, unknown>>) => (await search(fields)).looked.ofChunks
    expect(await lookedAt({})).toBe(2)
    expect(await lookedAt({ filter: 'module=otlp/a' })).toBe(1)
    expect(await lookedAt({ filter: 'device=nobody' })).toBe(0)
    expect(await lookedAt({ sinceUnixMs: T0_MS + 1 })).toBe(0)
    expect(await lookedAt({ sinceUnixMs: T0_MS, untilUnixMs: T0_MS + 1 })).toBe(2)
    expect(await lookedAt({ untilUnixMs: T0_MS })).toBe(0)
  })

  test('[SQ2] the start of an id stands for the one trace that has it, and is looked for as it is where several do', async () => {
    await keeper.intake.take('traces', traces('a', { trace: 0xab1, span: 1 }, { trace: 0xab2, span: 2 }), OTLP)
    const start = traceIdOf(0xab1).slice(0, 31)
    expect(ids(await search({ filter: `trace=${start}` }))).toEqual([traceIdOf(0xab2), traceIdOf(0xab1)])
    expect(ids(await search({ filter: `trace=${traceIdOf(0xab1)}` }))).toEqual([traceIdOf(0xab1)])
    expect(ids(await search({ filter: `trace!=${traceIdOf(0xab1)}` }))).toEqual([traceIdOf(0xab2)])
  })

  test('[SQ10] a segment that was altered is counted and loses nothing else', async () => {
    await keeper.intake.take('traces', manySpans('shop', 1, 1, 300), OTLP)
    await keeper.intake.take('traces', manySpans('shop', 2, 301, 300), OTLP)
    const { store } = keeper
    const read = store.packs.read.bind(store.packs)
    let isFirst = true
    store.packs.read = (segment) => {
      const sealed = read(segment)
      if (isFirst && sealed !== undefined) sealed[0] = (sealed[0] ?? 0) ^ 1
      isFirst = false
      return sealed
    }
    const list = await search({})
    expect(list.looked.unreadable).toBe(1)
    expect(ids(list)).toEqual([traceIdOf(1)])
  })

  test('[SQ5] what cannot be understood is refused before anything is looked at', async () => {
    await expect(search({ filter: 'status=bad' })).rejects.toMatchObject({ code: 'SEARCH_FILTER' })
    await expect(search({ limit: 'many' })).rejects.toMatchObject({ code: 'SEARCH_QUERY' })
  })

  test('[SQ4] a stage that shows no traces lets none be searched', async () => {
    await keeper.setStage('pro')
    await expect(search({})).rejects.toMatchObject({ code: 'STAGE_TOO_LOW' })
    await expect(api.spanStatistics({})).rejects.toMatchObject({ code: 'STAGE_TOO_LOW' })
    await expect(api.serviceMap({})).rejects.toMatchObject({ code: 'STAGE_TOO_LOW' })
    await expect(api.searchLogs({})).resolves.toBeDefined()
    await keeper.setStage('casual')
    await expect(api.searchLogs({})).rejects.toMatchObject({ code: 'STAGE_TOO_LOW' })
  })

  test('[QU28] a search whose asker is gone is not answered', async () => {
    const asker = new AbortController()
    const open = api.searchTraces({}, {}, asker.signal)
    asker.abort()
    await expect(open).rejects.toMatchObject({ code: 'QUERY_CANCELLED' })
  })

  test('[QU13] fifty of the newest traces, unless asked otherwise', async () => {
    const words = Array.from({ length: 60 }, (_, i) => ({ trace: i + 1, span: i + 1 }))
    await keeper.intake.take('traces', traces('app', ...words), OTLP)
    const list = await search({})
    expect(list.traces).toHaveLength(50)
    expect(ids(list).slice(0, 2)).toEqual([traceIdOf(60), traceIdOf(59)])
    expect(ids(await search({ limit: 1 }))).toEqual([traceIdOf(60)])
  })
})

test('[CL23] log records of a severity and more, and of a module', async () => {
  await keeper.intake.take('logs', logs('app', 9, 13, 17), OTLP)
  const found = async (where: readonly object[]) =>
    parseParts(await api.searchLogs({ where })) as { logs: readonly unknown[] }
  expect((await found([{ field: 'severity', op: '>=', value: 'warn' }])).logs).toHaveLength(2)
  expect((await found([{ field: 'module', op: '=', value: 'otlp/app' }])).logs).toHaveLength(3)
  expect((await found([{ field: 'module', op: '=', value: 'app' }])).logs).toHaveLength(0)
})

describe('errors', () => {
  const ask = async (fields: Readonly<Record<string, unknown>> = {}) =>
    parseParts(await api.errorGroups(fields)) as ErrorList

  test('[SQ15] spans that failed and severe log records are looked at, by the fields each has', async () => {
    await keeper.intake.take('traces', failedSpan(), OTLP)
    await keeper.intake.take('logs', logs('app', 9, 17), OTLP)
    expect((await ask()).errors.map(({ message }) => message).sort()).toEqual(['disk full', 'severity 17'])
    const spans = await ask({ filter: 'duration<1s' })
    expect([spans.errors[0]?.message, spans.looked.logs]).toEqual(['disk full', null])
    const records = await ask({ filter: 'severity=error' })
    expect([records.errors[0]?.message, records.looked.traces]).toEqual(['severity 17', null])
  })

  test('[SQ4] a stage that shows no traces shows the errors of log records', async () => {
    await keeper.intake.take('traces', failedSpan(), OTLP)
    await keeper.intake.take('logs', logs('app', 17), OTLP)
    await keeper.setStage('casual')
    const { errors, looked } = await ask()
    expect([errors.map(({ message }) => message), looked.traces]).toEqual([['severity 17'], null])
    await expect(ask({ filter: 'status=error' })).rejects.toMatchObject({ code: 'SEARCH_FILTER' })
  })

  const refused: readonly [name: string, fields: Readonly<Record<string, unknown>>, message: string][] = [
    ['a value that spans do not have', { filter: 'kind=serverr' }, 'kind is one of'],
    ['a value that log records do not have', { filter: 'severity>=bad' }, 'a severity is one of'],
    ['fields that no record has both of', { filter: 'kind=server severity=error' }, 'only spans have a kind'],
    ['an order', { sort: 'newest' }, 'sort is for lists alone'],
    ['a cursor', { cursor: 'x' }, 'cursor is for lists alone'],
  ]
  test.each(refused)('[SQ5] %s is refused, in words of what is wrong with it', async (_name, fields, message) => {
    await expect(ask(fields)).rejects.toThrow(message)
  })
})

describe('statistics', () => {
  test('[SQ13] spans count whether they are sealed or still open', async () => {
    await keeper.intake.take('traces', manySpans('shop', 1, 1, 300), OTLP)
    await keeper.intake.take('traces', manySpans('shop', 2, 1, 2), OTLP)
    const list = parseParts(await api.spanStatistics({ filter: 'name="span 1"' })) as StatisticsList
    expect(list.statistics).toMatchObject([{ module: 'otlp/shop', service: 'shop', name: 'span 1', spans: 2 }])
    await expect(api.spanStatistics({ cursor: 'x' })).rejects.toThrow('cursor is for lists alone')
  })
})

function failedSpan(): Uint8Array {
  const span = { traceId: traceIdOf(1), spanId: spanIdOf(1), name: 'save', kind: 1 }
  return encodeTracesData({
    resource: { attributes: { 'service.name': 'app' } },
    scope: { name: 'test' },
    spans: [{ ...span, startUnixNano: T0_NANO, endUnixNano: T0_NANO + 1n, status: { code: 2, message: 'disk full' } }],
  })
}
