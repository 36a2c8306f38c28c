import { afterEach, beforeEach, expect, test } from 'vitest'
import { keeperApi } from '../../../../src/agent/keeper/keeper-api.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { linkingChunks } from '../../../../src/query/find-links.ts'
import type { StitchedTrace } from '../../../../src/query/stitched-trace.ts'
import { encodeTracesData } from '../../../../src/wire/otlp/encode.ts'
import { finish, parseParts } from '../../../support/finish.ts'
import { keeperHome, type KeeperHome } from '../../../support/keeper-home.ts'
import { spanIdOf, T0_NANO, traceIdOf } from '../../../support/otlp-records.ts'

let home: KeeperHome
let keeper: Keeper

beforeEach(async () => {
  home = keeperHome()
  keeper = home.create()
  await keeper.setStage('developer')
})
afterEach(() => home.remove())

/** One span of trace `n`, a second after that of `n - 1`, that links to one span of trace 1. */
async function take(n: number): Promise<void> {
  const startUnixNano = T0_NANO + BigInt(n) * 1_000_000_000n
  const links = n === 1 ? [] : [{ traceId: traceIdOf(1), spanId: spanIdOf(1) }]
  const ids = { traceId: traceIdOf(n), spanId: spanIdOf(n) }
  const span = { ...ids, name: `span ${n}`, kind: 1, startUnixNano, endUnixNano: startUnixNano, links }
  const resource = { attributes: { 'service.name': `app ${n}` } }
  await keeper.intake.take('traces', encodeTracesData({ resource, scope: { name: 'test' }, spans: [span] }), {
    kind: 'otlp',
  })
}

async function show(options: { readonly attributes: boolean; readonly links?: boolean }): Promise<StitchedTrace> {
  const api = keeperApi(keeper, '')
  return parseParts((await api.traceShow(traceIdOf(1), options)) ?? []) as StitchedTrace
}

test('[LF1] spans that link to a trace are found in segments, and among what is not cut yet', async () => {
  for (const n of [1, 2, 3]) await take(n)
  keeper.writer.cut(() => true)
  await take(4)
  const { linkedFrom, linkedFromPartial } = await show({ attributes: false, links: true })
  expect(linkedFrom?.map(({ name, evidence }) => [name, evidence])).toEqual([
    ['span 2', 'verified'],
    ['span 3', 'verified'],
    ['span 4', 'unverified'],
  ])
  expect(linkedFromPartial).toBe(false)
})

test('[LF1] nobody looks for them unless asked', async () => {
  await take(1)
  expect(await show({ attributes: false })).not.toHaveProperty('linkedFrom')
})

test('[LF3] only segments that hold a link to the trace are searched, the newest first', async () => {
  for (const n of [3, 1, 4, 2]) {
    await take(n)
    keeper.writer.cut(() => true)
  }
  const modules = [...linkingChunks(traceIdOf(1), keeper.search)].map((ref) => finish(ref.open())?.module)
  expect(modules).toEqual(['otlp/app 4', 'otlp/app 3', 'otlp/app 2'])
})
