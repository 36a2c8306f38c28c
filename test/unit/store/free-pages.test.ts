import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { storeFixture, type StoreFixture } from './tables-fixture.ts'

let fixture: StoreFixture
beforeEach(() => {
  fixture = storeFixture()
})
afterEach(() => fixture.remove())

const PAYLOAD_BYTES = 40_000

/** Rows of ten pages each. */
function fill(rows: number): void {
  const { store } = fixture
  store.transaction(() => {
    for (let n = 0; n < rows; n++) store.settings.set(`row ${n}`, 'x'.repeat(PAYLOAD_BYTES))
  })
}

function remove(from: number, to: number): void {
  fixture.store.transaction(() => {
    for (let n = from; n < to; n++) fixture.store.db.prepare('DELETE FROM setting WHERE name = ?').run(`row ${n}`)
  })
}

function fileBytes(): number {
  fixture.store.checkpoint()
  return statSync(join(fixture.folder, 'store.db')).size
}

function giveBackAll(): number {
  let steps = 0
  while (fixture.store.freePages.giveBackSome()) steps++
  return steps
}

test('[RE16] pages of what was deleted are given back in small steps, and what is left is whole', () => {
  fill(400)
  const before = fileBytes()
  remove(0, 300)
  expect(fileBytes()).toBe(before)
  expect(giveBackAll()).toBeGreaterThan(40)
  expect(fileBytes()).toBeLessThan(before * 0.55)
  expect(fixture.reopen().settings.get('row 399')).toBe('x'.repeat(PAYLOAD_BYTES))
  expect(fixture.store.db.pragma('integrity_check', { simple: true })).toBe('ok')
})

test.each([
  { name: 'less than a quarter of the file', rows: 400, removed: 80 },
  { name: 'less than 4 MiB', rows: 110, removed: 90 },
])('[RE16] free pages that are $name are left to be used again', ({ rows, removed }) => {
  fill(rows)
  const before = fileBytes()
  remove(0, removed)
  expect(giveBackAll()).toBe(0)
  expect(fileBytes()).toBe(before)
  fill(removed)
  expect(fileBytes()).toBe(before)
})
