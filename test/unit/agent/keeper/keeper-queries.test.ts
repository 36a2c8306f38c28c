import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { keeperApi } from '../../../../src/agent/keeper/keeper-api.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { listLogs, type LogList } from '../../../../src/query/list-logs.ts'
import { ChunkCache } from '../../../../src/query/search/chunk-cache.ts'
import { readSearchQuery } from '../../../../src/query/search/search-query.ts'
import { scopeOf } from '../../../../src/query/search/search-scope.ts'
import type { SearchChunk, SearchSource } from '../../../../src/query/search/search-source.ts'
import { encodeLogsData } from '../../../../src/wire/otlp/encode.ts'
import { atOnce, finish, openEach } from '../../../support/finish.ts'
import { keeperHome, type KeeperHome } from '../../../support/keeper-home.ts'
import { T0_NANO, traceIdOf, traces } from '../../../support/otlp-records.ts'

const OTLP = { kind: 'otlp' } as const
/** A record that is next to nothing at rest and takes a segment of its own. */
const BOMB = 'x'.repeat(700_000)
let home: KeeperHome
let keeper: Keeper

beforeEach(async () => {
  home = keeperHome()
  keeper = home.create()
  await keeper.setStage('developer')
})
afterEach(() => home.remove())

/** Each a line of its own second. */
async function takeLines(from: number, ...bodies: readonly string[]): Promise<void> {
  const logRecords = bodies.map((body, i) => {
    return { timeUnixNano: T0_NANO + BigInt(from + i) * 1_000_000_000n, severityNumber: 9, body }
  })
  await keeper.intake.take(
    'logs',
    encodeLogsData({ resource: { attributes: { 'service.name': 'app' } }, scope: { name: 'test' }, logRecords }),
    OTLP,
  )
}

/** The answer, and how many bytes came out of segments for it. */
function ask(
  fields: Readonly<Record<string, unknown>>,
  { bytes }: { readonly bytes?: number } = {},
): { readonly list: LogList; readonly openedBytes: number } {
  let openedBytes = 0
  const counted = (chunk: SearchChunk): SearchChunk => ({
    ...chunk,
    *open() {
      const opened = yield* chunk.open()
      openedBytes += opened?.payload.length ?? 0
      return opened
    },
    read() {
      const payload = chunk.read()
      openedBytes += payload?.length ?? 0
      return payload
    },
  })
  const source: SearchSource = {
    indexVersion: keeper.search.indexVersion,
    devices: (lane) => keeper.search.devices(lane),
    candidates(scope) {
      const { chunks, totals } = keeper.search.candidates(scope)
      return { chunks: [...chunks].map(counted), totals }
    },
    summariesOf: () => atOnce(new Map()),
  }
  const knowledge = { self: keeper.card.deviceId, members: [] }
  const { sha256 } = keeper.deps.crypto
  const deps = { source, knowledge, sha256, cache: new ChunkCache(), limits: { hasTime: () => true, bytes } }
  return { list: finish(listLogs(readSearchQuery(fields, 'logs', 0), deps)), openedBytes }
}

test('[QU23] one line of a hundred bombs opens one of them', async () => {
  for (let i = 0; i < 100; i += 20) await takeLines(i, ...Array<string>(20).fill(BOMB))
  const { list, openedBytes } = ask({ limit: 1 })
  expect(list).toMatchObject({ omitted: 99, omittedChunks: 0 })
  expect(openedBytes).toBeLessThan(1_000_000)
})

test('[QU23] a query that finds nothing in them stops at its budget', async () => {
  for (let i = 0; i < 100; i += 20) await takeLines(i, ...Array<string>(20).fill(BOMB))
  const bytes = 10 << 20
  const { list, openedBytes } = ask({ filter: 'text~nothing' }, { bytes })
  expect(openedBytes).toBeLessThanOrEqual(bytes)
  expect(list).toMatchObject({ logs: [], omitted: 0, omittedChunks: 100 - Math.floor(openedBytes / BOMB.length) })
})

test('[QU23] lines of a range are found however much has come since, sealed or still open', async () => {
  await takeLines(0, 'old', BOMB)
  for (let i = 100; i < 200; i += 20) await takeLines(i, ...Array<string>(20).fill(BOMB))
  await takeLines(2, 'old and open')
  const { list, openedBytes } = ask({ untilUnixMs: Number(T0_NANO / 1_000_000n) + 50_000 })
  expect(list.logs.map(({ body }) => body.slice(0, 12))).toEqual(['old', BOMB.slice(0, 12), 'old and open'])
  expect(openedBytes).toBeLessThan(1_500_000)
})

test('[QU23] a segment deleted while it is read is not in the answer, and what came since is in the next', async () => {
  await takeLines(0, BOMB, BOMB, BOMB)
  const scope = scopeOf(readSearchQuery({}, 'logs', 0), keeper.search.indexVersion, () => [])
  const { chunks, totals } = keeper.search.candidates(scope)
  expect(totals.records).toBe(3)
  keeper.store.db.exec('DELETE FROM segment WHERE id = 2')
  await takeLines(9, 'later')
  expect(openEach(chunks)).toHaveLength(2)
  expect(ask({}).list.logs.map(({ body }) => body.slice(0, 5))).toEqual(['xxxxx', 'xxxxx', 'later'])
})

test('[ST17] each header under one signed head is read once, in whatever order segments are', async () => {
  const spans = Array.from({ length: 40 }, (_, i) => ({ trace: 1, span: i + 1, text: BOMB }))
  await keeper.intake.take('traces', traces('app', ...spans), OTLP)
  const read = vi.spyOn(keeper.store.segments, 'link')
  const refs = [...finish(keeper.records.chunksOf(traceIdOf(1))).chunks]
  expect(openEach(refs.toReversed()).map(({ provenance }) => provenance)).toEqual(
    Array.from({ length: 40 }, () => 'verified'),
  )
  expect(read.mock.calls.length).toBeLessThanOrEqual(41)
})

test('[QU24] a stage that does not allow it ends a query before it begins, and closing ends it at once', async () => {
  const api = keeperApi(keeper, '')
  await keeper.setStage('casual')
  await expect(api.searchLogs({ limit: 1 })).rejects.toMatchObject({ code: 'STAGE_TOO_LOW' })
  const open = api.searchLogs({ limit: 1 })
  keeper.close()
  await expect(open).rejects.toMatchObject({ code: 'QUERY_STOPPED' })
})
