/** Homes as released versions left them, opened by this one: all of it is found again, and goes on. */
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Keeper } from '../../src/agent/keeper/keeper.ts'
import { toHex } from '../../src/base/bytes.ts'
import type { KeeperHome } from '../support/keeper-home.ts'
import { manySpans } from '../support/otlp-records.ts'
import { storeFixtures, type StoreFixture } from '../support/store-fixture.ts'
import { storedFacts, type StoredFacts } from '../support/stored-facts.ts'

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

/** What was there is there; the audit log and our own logs may have gone on since. */
async function expectFacts(keeper: Keeper, { folder }: KeeperHome, before: StoredFacts): Promise<void> {
  const { audit, peers, ...rest } = await storedFacts(keeper, join(folder, 'store.db'))
  const { audit: auditBefore, peers: peersBefore, ...restBefore } = before
  expect(rest).toEqual(restBefore)
  expect(audit.types.slice(0, auditBefore.size)).toEqual(auditBefore.types)
  expect(toHex(keeper.audit.rootAt(auditBefore.size) ?? new Uint8Array())).toBe(auditBefore.root)
  expect(peers.map(({ device, received }) => ({ device, received }))).toEqual(
    peersBefore.map(({ device, received }) => ({ device, received })),
  )
  for (const { device, served } of peersBefore) {
    expect(peers.find((peer) => peer.device === device)?.served).toEqual(expect.arrayContaining([...served]))
  }
}

test.each(fixtures)('[ST40] $title: everything it held is found again, at every start', async (fixture) => {
  const home = copyOf(fixture)
  for (let start = 1; start <= 3; start++) {
    const keeper = home.reopen()
    await expectFacts(keeper, home, fixture.facts)
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
