import { beforeEach, describe, expect, test } from 'vitest'
import { DiskGuard, PROBE_MAX_MS, PROBE_MS, RESERVE_AFTER_MS } from '../../../../src/agent/keeper/disk-guard.ts'
import { StoreError } from '../../../../src/store/store-error.ts'
import { manualClock, type ManualClock } from '../../../support/manual-clock.ts'

const START_MS = 1_000_000
let clock: ManualClock
let said: unknown[]
let failures: unknown[]
let hasRoom: boolean
let canRecord: boolean
let guard: DiskGuard

const full = (): StoreError => new StoreError('STORE_FULL', 'full')

beforeEach(() => {
  clock = manualClock(START_MS)
  said = []
  failures = []
  hasRoom = true
  canRecord = true
  guard = new DiskGuard({
    clock,
    reserve: {
      take() {
        if (!hasRoom) throw full()
        said.push('taken')
      },
      giveUp: () => said.push('given up'),
    },
    record(type, payload) {
      if (!canRecord) throw full()
      said.push([type, payload])
    },
    onChange: (isFull) => said.push(isFull ? 'full' : 'free'),
    onFailure: (err) => failures.push(err),
  })
  guard.start()
})

function fillUp(): void {
  clock.advance(RESERVE_AFTER_MS)
  hasRoom = false
  said.length = 0
  guard.failed(full())
}

describe('a disk that fills up', () => {
  test('[ST51] the reserve is made a moment after the start', () => {
    expect(said).toEqual([])
    clock.advance(RESERVE_AFTER_MS)
    expect(said).toEqual(['taken'])
  })

  test('[ST50] [ST51] the reserve is given up, then the reason recorded, and nothing is taken in', () => {
    fillUp()
    expect(said).toEqual(['given up', ['store.full', {}], 'full'])
    expect(guard.fullSinceUnixMs).toBe(START_MS + RESERVE_AFTER_MS)
    expect(() => guard.requireRoom()).toThrow(expect.objectContaining({ code: 'STORE_FULL' }))
  })

  test('[ST50] it is told once, however much fails meanwhile', () => {
    fillUp()
    guard.failed(full())
    expect(said.length).toBe(3)
  })

  test('[ST52] it is open again once the reserve is back, and says how much was refused', () => {
    fillUp()
    for (let n = 0; n < 3; n++) expect(() => guard.requireRoom()).toThrow('the disk is full')
    clock.advance(PROBE_MS)
    hasRoom = true
    said.length = 0
    clock.advance(PROBE_MAX_MS)
    const freed = ['store.freed', { sinceUnixMs: START_MS + RESERVE_AFTER_MS, refused: 3 }]
    expect(said).toEqual(['taken', freed, 'free'])
    expect(guard.fullSinceUnixMs).toBeUndefined()
    guard.requireRoom()
    fillUp()
    expect(guard.fullSinceUnixMs).toBeDefined()
  })

  test('[ST52] it is looked for room less and less often', () => {
    let looks = 0
    const counted = new DiskGuard({
      clock,
      reserve: {
        take() {
          looks++
          throw full()
        },
        giveUp() {},
      },
      record() {},
      onChange() {},
      onFailure() {},
    })
    counted.start()
    clock.advance(3_600_000)
    expect(looks).toBeGreaterThan(3_600_000 / PROBE_MAX_MS - 1)
    expect(looks).toBeLessThan(3_600_000 / PROBE_MAX_MS + 6)
  })

  test('[ST52] while the room is not enough to record that there is some, it is full', () => {
    fillUp()
    hasRoom = true
    canRecord = false
    clock.advance(PROBE_MS)
    expect(() => guard.requireRoom()).toThrow('the disk is full')
    canRecord = true
    clock.advance(PROBE_MAX_MS)
    guard.requireRoom()
  })

  test('[ST51] a reason that cannot be recorded is told, and it is full all the same', () => {
    canRecord = false
    fillUp()
    expect(failures.length).toBe(1)
    expect(() => guard.requireRoom()).toThrow('the disk is full')
  })
})

test.each([
  new StoreError('STORE_IO', 'a disk that fails'),
  new StoreError('STORE_LOCKED', 'locked'),
  new TypeError('a mistake'),
])('[ST50] %s is no full disk', (err) => {
  clock.advance(RESERVE_AFTER_MS)
  guard.failed(err)
  guard.requireRoom()
  expect(said).toEqual(['taken'])
})

test('[ST51] a disk without room for the reserve is full', () => {
  hasRoom = false
  clock.advance(RESERVE_AFTER_MS)
  expect(() => guard.requireRoom()).toThrow('the disk is full')
})

test('[ST50] what fails before its start is not its business', () => {
  const early = new DiskGuard({
    clock,
    reserve: { take() {}, giveUp: () => said.push('given up') },
    record: (type) => said.push(type),
    onChange: () => said.push('change'),
    onFailure: (err) => failures.push(err),
  })
  early.failed(full())
  early.requireRoom()
  expect(said).toEqual([])
})

test('[ST50] after its stop nothing is tried and nothing is said', () => {
  guard.stop()
  guard.failed(full())
  clock.advance(PROBE_MAX_MS)
  expect(said).toEqual([])
})
