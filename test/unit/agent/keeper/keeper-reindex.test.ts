import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FIRST_UPKEEP_MS } from '../../../../src/agent/keeper/housekeeping.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import type { Steps } from '../../../../src/base/steps.ts'
import { listLogs } from '../../../../src/query/list-logs.ts'
import { ChunkCache } from '../../../../src/query/search/chunk-cache.ts'
import type { SearchDeps } from '../../../../src/query/search/prepared-search.ts'
import { readSearchQuery } from '../../../../src/query/search/search-query.ts'
import { searchTraces } from '../../../../src/query/search/search-traces.ts'
import { StoreError } from '../../../../src/store/store-error.ts'
import { INDEX_VERSION } from '../../../../src/wire/index/token.ts'
import { encodeLogsData } from '../../../../src/wire/otlp/encode.ts'
import { finish } from '../../../support/finish.ts'
import { keeperHome, type KeeperHome } from '../../../support/keeper-home.ts'
import { T0_NANO, traceIdOf, traces } from '../../../support/otlp-records.ts'

const OTLP = { kind: 'otlp' } as const
/** More than are read in one round of the event loop. */
const SEGMENTS = 120
let home: KeeperHome
let keeper: Keeper

beforeEach(async () => {
  home = keeperHome()
  keeper = home.create()
  await keeper.setStage('developer')
  for (let n = 1; n <= SEGMENTS; n++) await segment(keeper, n)
})
afterEach(() => home.remove())

/** A segment with a trace of its own. */
async function segment(of: Keeper, n: number): Promise<void> {
  await of.intake.take('traces', traces(`service-${n % 3}`, { trace: n, span: n }), OTLP)
  of.writer.cut(() => true)
}

/** Traces that are found by what the index knows of them. */
function found(of: Keeper, filter: string): readonly string[] {
  const query = readSearchQuery({ filter, limit: 1_000 }, 'traces', 0)
  return finish(searchTraces(query, depsOf(of)))
    .traces.map(({ traceId }) => traceId)
    .sort()
}

function depsOf(of: Keeper): SearchDeps {
  return {
    source: of.search,
    knowledge: { self: of.card.deviceId, members: [] },
    sha256: of.deps.crypto.sha256,
    cache: new ChunkCache(),
    limits: { hasTime: () => true },
  }
}

function take(steps: Steps<unknown>, count: number): void {
  for (let i = 0; i < count; i++) expect(steps.next().done).toBe(false)
}

const spansOf = (of: Keeper, trace: number): number => finish(of.records.chunksOf(traceIdOf(trace))).spans
const ofService = (service: number, upTo = SEGMENTS): readonly string[] =>
  Array.from({ length: upTo }, (_, i) => i + 1).flatMap((n) => (n % 3 === service ? [traceIdOf(n)] : []))
const rows = (of: Keeper, table: string): number =>
  (of.store.db.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n

/** Takes away all that segments are found by. */
function loseIndex(): void {
  keeper.close()
  home.tamper((db) =>
    db.exec('DELETE FROM posting_tail; DELETE FROM posting_part; DELETE FROM posting_block; DELETE FROM trace_summary'),
  )
  keeper = home.reopen()
}

/** Once damages it, twice mends it. */
function flipInFirstBody(): void {
  keeper.close()
  home.tamperPack((bytes) => {
    bytes[40] = (bytes[40] as number) ^ 1
    return bytes
  })
  keeper = home.reopen()
}

describe('an index made again', () => {
  test('[IX30] finds all that the lost one found', async () => {
    loseIndex()
    expect([spansOf(keeper, 7), found(keeper, 'service=service-1').length]).toEqual([0, 0])
    await keeper.reindex.run()
    expect(keeper.reindex.state()).toEqual({
      isRunning: false,
      segments: SEGMENTS,
      ofSegments: SEGMENTS,
      failure: undefined,
    })
    expect(spansOf(keeper, 7)).toBe(1)
    expect(found(keeper, 'service=service-1')).toEqual(ofService(1))
  })

  test('[IX28] what comes while it is made is found before and after', async () => {
    const steps = keeper.reindex.steps()
    take(steps, SEGMENTS / 2)
    await segment(keeper, SEGMENTS + 1)
    expect(spansOf(keeper, SEGMENTS + 1)).toBe(1)
    expect(keeper.store.postings.generation).toBe(0)
    finish(steps)
    expect(keeper.store.postings.generation).toBe(1)
    expect(spansOf(keeper, SEGMENTS + 1)).toBe(1)
    expect(found(keeper, 'service=service-1')).toEqual(ofService(1, SEGMENTS + 1))
  })

  test('[IX28] the old one is gone, and the new one answers after a start', async () => {
    await keeper.reindex.run()
    await keeper.reindex.run()
    while (keeper.store.postings.mergeStep());
    expect(rows(keeper, 'posting_tail')).toBe(keeper.store.postings.stats().tailSegments)
    expect(rows(keeper, 'posting_part')).toBe(keeper.store.postings.stats().parts)
    keeper.close()
    keeper = home.reopen()
    expect(keeper.store.postings.generation).toBe(2)
    expect(found(keeper, 'service=service-2')).toEqual(ofService(2))
  })

  test('[IX31] a start goes on with one that was cut short', async () => {
    loseIndex()
    take(keeper.reindex.steps(), SEGMENTS / 2)
    keeper.close()
    const done = rows((keeper = home.reopen()), 'trace_summary')
    expect([done > 0, done < SEGMENTS]).toEqual([true, true])
    home.clock.advance(FIRST_UPKEEP_MS)
    expect(keeper.reindex.state().isRunning).toBe(true)
    await keeper.reindex.run()
    expect(found(keeper, 'service=service-0')).toEqual(ofService(0))
  })

  test('[IX30] a segment that cannot be read loses no other, and is found again once its body is back', async () => {
    flipInFirstBody()
    await keeper.reindex.run()
    expect(keeper.reindex.state().failure).toBeUndefined()
    expect(found(keeper, 'service=service-2')).toEqual(ofService(2))
    flipInFirstBody()
    expect(found(keeper, 'service=service-1')).toEqual(ofService(1))
    expect(spansOf(keeper, 1)).toBe(1)
  })
})

describe('an index of an older program', () => {
  /** How many log records are found, and in how many chunks they were looked for. */
  function events(of: Keeper, name: string): readonly [found: number, chunks: number] {
    const query = readSearchQuery({ filter: `name=${name}` }, 'logs', 0)
    const { logs, looked } = finish(listLogs(query, depsOf(of)))
    return [logs.length, looked.chunks]
  }
  /** The names of events had no tokens then, and the index no number. */
  function age(): void {
    keeper.close()
    home.tamper((db) => db.exec("DELETE FROM posting_tail; DELETE FROM setting WHERE name = 'index.version'"))
    keeper = home.reopen()
  }
  beforeEach(async () => {
    for (const n of [1, 2, 3, 4]) {
      const name = n === 3 ? 'paid' : 'seen'
      const log = { timeUnixNano: T0_NANO + BigInt(n), severityNumber: 9, attributes: {}, eventName: name }
      const input = { resource: { attributes: {} }, scope: { name: 'test' }, logRecords: [log] }
      await keeper.intake.take('logs', encodeLogsData(input), OTLP)
      keeper.writer.cut(() => true)
    }
  })

  test('[IX1] is not asked for what it does not have, and is made again by the next start', async () => {
    age()
    expect(keeper.search.indexVersion).toBe(1)
    expect(events(keeper, 'paid')).toEqual([1, 4])
    home.clock.advance(FIRST_UPKEEP_MS)
    expect(keeper.reindex.state().isRunning).toBe(true)
    await keeper.reindex.run()
    expect(keeper.search.indexVersion).toBe(INDEX_VERSION)
    expect(events(keeper, 'paid')).toEqual([1, 1])
    keeper.close()
    keeper = home.reopen()
    expect(keeper.reindex.state().isRunning).toBe(false)
    expect(events(keeper, 'seen')).toEqual([3, 3])
  })
  test('[IX31] one that an older program was making is not gone on with', async () => {
    take(keeper.reindex.steps(), SEGMENTS / 2)
    keeper.close()
    home.tamper((db) => db.exec("DELETE FROM setting WHERE name = 'index.next_version'"))
    keeper = home.reopen()
    await keeper.reindex.run()
    expect(keeper.reindex.state().segments).toBe(SEGMENTS + 4)
    expect(events(keeper, 'paid')).toEqual([1, 1])
  })
})

describe('an index that is damaged', () => {
  test.each([
    ['a row of a segment', "UPDATE posting_tail SET keys = x'ff' WHERE id % 7 = 3"],
    ['summaries of a segment', "UPDATE trace_summary SET bytes = x'ff' WHERE segment = 7"],
  ])('[IX32] in %s is made again as soon as it is noticed', async (_, sql) => {
    keeper.close()
    home.tamper((db) => db.exec(sql))
    keeper = home.reopen()
    expect(() => spansOf(keeper, 7)).toThrow(/postings|summaries/)
    expect(keeper.reindex.state().isRunning).toBe(true)
    await keeper.reindex.run()
    expect(spansOf(keeper, 7)).toBe(1)
    expect(found(keeper, 'service=service-1')).toEqual(ofService(1))
  })

  test('[IX32] is not made again all the time where that does not help', async () => {
    expect(() => keeper.store.postings.watched(() => keeper.store.postings.watched(damaged))).toThrow('missing')
    await keeper.reindex.run()
    expect(() => keeper.store.postings.watched(damaged)).toThrow('missing')
    expect(keeper.reindex.state().isRunning).toBe(false)
    home.clock.advance(3_600_000)
    expect(() => keeper.store.postings.watched(damaged)).toThrow('missing')
    expect(keeper.reindex.state().isRunning).toBe(true)
    await keeper.reindex.run()
  })
})

function damaged(): never {
  throw new StoreError('STORE_CORRUPT', 'a block of postings is missing')
}
