import { afterEach, beforeEach, expect, test } from 'vitest'
import { MAX_ERROR_STATES } from '../../../src/store/error-state-table.ts'
import { storeFixture, type StoreFixture } from './tables-fixture.ts'

let fixture: StoreFixture
beforeEach(() => {
  fixture = storeFixture()
})
afterEach(() => fixture.remove())

test('[ER1] what was decided is there after a restart, to the nanosecond', () => {
  const kept = { module: 'core', state: 'resolved', sinceUnixMs: 5, afterUnixNano: 1_795_370_400_000_000_001n } as const
  fixture.store.errorStates.set('ab', { ...kept, state: 'muted' })
  fixture.store.errorStates.set('ab', kept)
  fixture.store.errorStates.set('cd', kept)
  fixture.store.errorStates.delete('cd')
  expect(fixture.reopen().errorStates.all()).toEqual(new Map([['ab', kept]]))
})

test('[ER3] of more decisions than there may be the oldest go', () => {
  const { store } = fixture
  store.transaction(() => {
    for (let n = 0; n <= MAX_ERROR_STATES; n++) {
      store.errorStates.set(`group ${n}`, { module: 'core', state: 'muted', sinceUnixMs: n, afterUnixNano: 0n })
    }
  })
  const kept = store.errorStates.all()
  expect([kept.size, kept.has('group 0'), kept.has('group 1')]).toEqual([MAX_ERROR_STATES, false, true])
})
