/** Homes as released versions left them, opened by this one: all of it is found again, and goes on. */
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { KeeperHome } from '../support/keeper-home.ts'
import { manySpans } from '../support/otlp-records.ts'
import { storeFixtures, type StoreFixture } from '../support/store-fixture.ts'
import { lostFacts, storedFacts } from '../support/stored-facts.ts'

const fixtures = (await storeFixtures()).map((fixture) => ({ ...fixture, title: `${fixture.version}/${fixture.name}` }))
const homes: KeeperHome[] = []
afterEach(() => {
  for (const home of homes.splice(0)) home.remove()
})

function copyOf(fixture: StoreFixture): KeeperHome {
  const home = fixture.copy()
  homes.push(home)
  return home
}

test.each(fixtures)('[ST40] $title: everything it held is found again, at every start', async (fixture) => {
  const home = copyOf(fixture)
  for (let start = 1; start <= 3; start++) {
    const keeper = home.reopen()
    expect(await lostFacts(keeper, home.folder, fixture.facts)).toEqual([])
    expect(keeper.vouching.verifyAudit()).toMatchObject({ ok: true })
    keeper.close()
  }
  expect(home.failures).toEqual([])
})

test.each(fixtures)(
  '[ST40] $title: what came in by then is chained, and records go on being taken',
  async (fixture) => {
    const home = copyOf(fixture)
    const keeper = home.reopen()
    await keeper.intake.take('traces', manySpans('worker', 9_000, 1, 300), { kind: 'otlp' })
    await keeper.intake.take('traces', manySpans('worker', 9_001, 1, 2), { kind: 'otlp' })
    const { traces, records } = await storedFacts(keeper, join(home.folder, 'store.db'))
    expect(records).toBe(fixture.facts.records + 302)
    expect(traces.map(({ spans }) => spans)).toEqual(
      expect.arrayContaining([...fixture.facts.traces.map(({ spans }) => spans), 300, 2]),
    )
  },
)
