import { afterEach, beforeEach, expect, test } from 'vitest'
import { keeperApi, type KeeperApi } from '../../../../src/agent/keeper/keeper-api.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import type { SpanLine } from '../../../../src/agent/http-types/search.ts'
import type { LogLine } from '../../../../src/agent/http-types/traces.ts'
import { keeperHome, type KeeperHome } from '../../../support/keeper-home.ts'
import { logs, spanIdOf, T0_NANO, traceIdOf, traces } from '../../../support/otlp-records.ts'

const OTLP = { kind: 'otlp' } as const
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

/** As many lines as are waited for. */
async function read<Line>(id: number, lane: 'traces' | 'logs', count: number): Promise<readonly Line[]> {
  const found: Line[] = []
  while (found.length < count) {
    const { lines } = await api.tailRead(id, lane)
    const texts = new TextDecoder().decode(lines).split('\n').slice(0, -1)
    found.push(...texts.map((text) => JSON.parse(text) as Line))
  }
  return found
}

test('[SQ16] a span that matches is a line once it is committed; others are not', async () => {
  const id = api.tailOpen('traces', { filter: 'name~wanted' })
  await keeper.intake.take(
    'traces',
    traces('shop', { trace: 1, span: 1 }, { trace: 2, span: 2, name: 'wanted', text: 'x' }),
    OTLP,
  )
  expect(await read<SpanLine>(id, 'traces', 1)).toEqual([
    {
      traceId: traceIdOf(2),
      spanId: spanIdOf(2),
      parentSpanId: null,
      name: 'wanted',
      kind: 'internal',
      status: 'unset',
      statusMessage: '',
      startUnixNano: String(T0_NANO + 2_000n),
      durationNano: '500',
      deviceId: keeper.card.deviceId,
      deviceName: 'phone',
      module: 'otlp/shop',
      service: 'shop',
      provenance: 'unverified',
      attributes: { text: 'x' },
    },
  ])
})

test('[SQ16] log records that match are lines, in the order they came', async () => {
  const id = api.tailOpen('logs', { filter: 'severity>=warn' })
  await keeper.intake.take('logs', logs('shop', 9, 13, 17), OTLP)
  await keeper.intake.take('logs', logs('shop', 21), OTLP)
  const lines = await read<LogLine>(id, 'logs', 3)
  expect(lines.map(({ severityNumber }) => severityNumber)).toEqual([13, 17, 21])
  expect(lines[0]).toMatchObject({ module: 'otlp/shop', body: 'severity 13', deviceName: 'phone' })
})

test('[SQ4] a stage that shows no traces opens none, and ends those that are open, though nothing comes', async () => {
  const id = api.tailOpen('traces', {})
  const open = api.tailRead(id, 'traces')
  await keeper.setStage('pro')
  await expect(open).rejects.toMatchObject({ code: 'STAGE_TOO_LOW' })
  await expect(api.tailRead(id, 'traces')).rejects.toMatchObject({ code: 'STAGE_TOO_LOW' })
  expect(() => api.tailOpen('traces', {})).toThrow(expect.objectContaining({ code: 'STAGE_TOO_LOW' }))
})

test('[SQ4] what was told before the stage was lowered, and not read yet, is not read any more', async () => {
  const id = api.tailOpen('traces', {})
  await keeper.intake.take('traces', traces('shop', { trace: 1, span: 1 }), OTLP)
  await keeper.setStage('pro')
  await expect(api.tailRead(id, 'traces')).rejects.toMatchObject({ code: 'STAGE_TOO_LOW' })
})

test('[SQ16] a batch that was refused as a whole, or in part, tells of what was kept alone', async () => {
  const id = api.tailOpen('traces', {})
  expect(() => keeper.intake.take('traces', Uint8Array.of(0xff), OTLP)).toThrow('it ends inside a number')
  await keeper.intake.take('traces', traces('shop', { trace: 1, span: 1, isBad: true }, { trace: 2, span: 2 }), OTLP)
  expect((await read<SpanLine>(id, 'traces', 1)).map(({ spanId }) => spanId)).toEqual([spanIdOf(2)])
})

test('[SQ16] a keeper that closes ends whoever watches', async () => {
  const open = api.tailRead(api.tailOpen('logs', {}), 'logs')
  keeper.close()
  await expect(open).rejects.toMatchObject({ code: 'TAIL_ENDED' })
})

test('[SQ5] a filter that cannot be understood is refused before anything is watched', () => {
  expect(() => api.tailOpen('logs', { filter: 'kind=server' })).toThrow(
    expect.objectContaining({ code: 'SEARCH_FILTER' }),
  )
  expect(keeper.tails.isWatched('logs')).toBe(false)
})
