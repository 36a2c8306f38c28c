import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SCRUB_EVERY_MS, SCRUB_ROUND_MS, SETTLE_AFTER_MS } from '../../../../src/agent/keeper/damage-watch.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { openAll } from '../../../support/finish.ts'
import { keeperHome, type KeeperHome } from '../../../support/keeper-home.ts'
import { manySpans, traceIdOf } from '../../../support/otlp-records.ts'

const PACK = join('packs', '00000001.pack')
/** Turns of the event loop that upkeep may need. */
const QUIET_TURNS = 20

let home: KeeperHome
let keeper: Keeper

beforeEach(async () => {
  home = keeperHome()
  keeper = home.create()
  await keeper.setStage('developer')
  for (let trace = 1; trace <= 3; trace++) {
    await keeper.intake.take('traces', manySpans('app', trace, 1, 300), { kind: 'otlp' })
  }
})
afterEach(() => home.remove())

/** A byte in the body of the nth segment is another. */
function alter(nth: number): void {
  const segment = keeper.store.segments.get(nth)
  if (segment === undefined) throw new Error('no such segment')
  const bytes = readFileSync(join(home.folder, PACK))
  bytes[segment.at + 10] = (bytes[segment.at + 10] as number) ^ 1
  writeFileSync(join(home.folder, PACK), bytes)
}

/** What was seen is looked into, to the end. */
async function settled(): Promise<void> {
  home.clock.advance(SETTLE_AFTER_MS)
  await quiet()
}

async function quiet(): Promise<void> {
  for (let turns = 0; turns < QUIET_TURNS; turns++) await turn()
}

const look = (trace: number): readonly string[] =>
  openAll(keeper.records.chunksOf(traceIdOf(trace))).map(({ provenance }) => provenance)
const lost = (): readonly number[] => [
  keeper.store.lostBodies.byLog().reduce((sum, { segments }) => sum + segments, 0),
  keeper.store.counters.all()['store.damaged.segments'] ?? 0,
]

describe('[ST45] a damaged body', () => {
  test.each([
    ['gone', (path: string) => rmSync(path), 3],
    ['cut short', (path: string, last: number) => truncateSync(path, last + 1), 1],
  ])('whose file is %s is told at the next start, before anybody reads it', async (_, harm, count) => {
    const last = keeper.store.segments.get(3)?.at as number
    keeper.close()
    harm(join(home.folder, PACK), last)
    keeper = home.reopen()
    await settled()
    expect(lost()).toEqual([count, count])
  })

  test('that was read is marked lost, once, and told; the others are answered', async () => {
    alter(2)
    expect([look(1), look(2), look(3)]).toEqual([['verified'], ['tampered'], ['verified']])
    look(2)
    await settled()
    expect(lost()).toEqual([1, 1])
    look(2)
    await settled()
    expect([lost(), home.events.includes('records'), home.failures]).toEqual([[1, 1], true, []])
    expect(keeper.store.segments.totals()).toEqual({ segments: 3, records: 900 })
  })

  test('is one when its file is gone or cut', async () => {
    rmSync(join(home.folder, PACK))
    keeper.close()
    keeper = home.reopen()
    for (let trace = 1; trace <= 3; trace++) expect(look(trace)).toEqual(['tampered'])
    await settled()
    expect(lost()).toEqual([3, 3])
  })

  test('is found by the reading that goes on by itself', async () => {
    alter(3)
    home.clock.advance(SCRUB_EVERY_MS)
    await quiet()
    await settled()
    expect(lost()).toEqual([1, 1])
  })

  test('is no reason to stop where the disk does not take that it is lost: that is told, and tried again', async () => {
    keeper.store.db.exec("CREATE TRIGGER no BEFORE INSERT ON lost_body BEGIN SELECT RAISE(FAIL, 'no'); END")
    alter(1)
    expect(look(1)).toEqual(['tampered'])
    await settled()
    expect([lost(), home.failures.length]).toEqual([[0, 0], 1])
    keeper.store.db.exec('DROP TRIGGER no')
    look(1)
    await settled()
    expect(lost()).toEqual([1, 1])
  })
})

describe('[ST45] no damage is', () => {
  test('a body whose key is not here', async () => {
    keeper.close()
    home.tamper((db) => db.exec('DELETE FROM epoch'))
    keeper = home.reopen()
    expect(look(1)).toEqual(['tampered'])
    await settled()
    expect(lost()).toEqual([0, 0])
  })

  test('a header that somebody altered: its body is not the disk’s fault', async () => {
    keeper.close()
    home.tamper((db) => db.exec("UPDATE segment SET header = x'00' WHERE id = 1"))
    keeper = home.reopen()
    expect(look(1)).toEqual(['tampered'])
    await settled()
    expect(lost()).toEqual([0, 0])
  })
})

test('[ST45] reading again goes through all bodies, whichever it begins with, and once a day', async () => {
  keeper.close()
  keeper = home.reopen()
  const read: number[] = []
  const { packs } = keeper.store
  const original = packs.read.bind(packs)
  packs.read = (place) => {
    read.push(place.at)
    return original(place)
  }
  const pass = async (ms: number): Promise<void> => {
    home.clock.advance(ms)
    await quiet()
  }
  // From a place of chance to the end, and then all of them.
  await pass(SCRUB_EVERY_MS)
  await pass(SCRUB_EVERY_MS)
  expect(new Set(read).size).toBe(3)
  const once = read.length
  await pass(SCRUB_EVERY_MS)
  await pass(SCRUB_EVERY_MS)
  await pass(SCRUB_ROUND_MS)
  expect(read.length).toBeLessThanOrEqual(once + 3)
  expect(read.slice(-3)).toEqual([...new Set(read)].toSorted((a, b) => a - b))
})
