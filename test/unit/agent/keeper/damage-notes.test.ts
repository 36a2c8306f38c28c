import { openSync, closeSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DamageNotes } from '../../../../src/agent/keeper/damage-notes.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { inAuditFile } from '../../../../src/store/audit-damage.ts'
import { StoreError } from '../../../../src/store/store-error.ts'
import { keeperHome, START_MS, type KeeperHome } from '../../../support/keeper-home.ts'
import { manualClock } from '../../../support/manual-clock.ts'

const PAGE_BYTES = 4096
let home: KeeperHome
let keeper: Keeper

beforeEach(() => {
  home = keeperHome()
  keeper = home.create()
})
afterEach(() => home.remove())

const corrupt = () => new StoreError('STORE_CORRUPT', 'a page')

function thrownBy(work: () => unknown): unknown {
  try {
    return work()
  } catch (err) {
    return err
  }
}

/** Alters the first page of a table, and starts again. */
function alter(table: string): void {
  keeper.close()
  let page = 0
  home.tamper((db) => {
    page = db.prepare('SELECT rootpage FROM sqlite_master WHERE name = ?').pluck().get(table) as number
  })
  const file = openSync(join(home.folder, 'store.db'), 'r+')
  writeSync(file, 'altered', (page - 1) * PAGE_BYTES + 200)
  closeSync(file)
  keeper = home.reopen()
}

test('[CL20] a table that a disk altered is named with its file, and noted until the next start', () => {
  alter('quota')
  expect(keeper.damage.list()).toEqual([])
  home.clock.advance(5_000)
  const err = keeper.damage.told(thrownBy(() => keeper.store.quotas.all()))
  expect(err).toMatchObject({ code: 'STORE_CORRUPT', message: expect.stringContaining('store.db is damaged') })
  home.clock.advance(5_000)
  keeper.damage.told(err)
  expect(keeper.damage.list()).toEqual([{ part: 'store', sinceUnixMs: START_MS + 5_000 }])
})

test('[CL20] damage to the index is noted as that, also where the question is told of it, and gone once it is made', async () => {
  const err = thrownBy(() =>
    keeper.store.postings.watched(() => {
      throw corrupt()
    }),
  )
  keeper.damage.told(err)
  expect(keeper.damage.list()).toMatchObject([{ part: 'index' }])
  await keeper.reindex.run()
  expect(keeper.damage.list()).toEqual([])
})

test('[CL20] damage to the audit log is noted as that', () => {
  const notes = new DamageNotes(manualClock(START_MS))
  notes.told(
    thrownBy(() =>
      inAuditFile(() => {
        throw corrupt()
      }),
    ),
  )
  expect(notes.list()).toEqual([{ part: 'audit', sinceUnixMs: START_MS }])
})

test('[CL20] what is no damage is not noted, and stays what it is', () => {
  const notes = new DamageNotes(manualClock(START_MS))
  for (const err of [new StoreError('STORE_FULL', 'full'), new Error('a bug'), 'a word']) {
    expect(notes.told(err)).toBe(err)
  }
  expect(notes.list()).toEqual([])
})

test('[CL20] work that nobody waits for is noted too', async () => {
  alter('quota')
  await keeper.retention.run()
  expect(keeper.damage.list()).toMatchObject([{ part: 'store' }])
  expect(home.failures).toMatchObject([{ code: 'STORE_CORRUPT' }])
})
