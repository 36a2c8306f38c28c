import { expect, test } from 'vitest'
import { OwnerClock } from '../../../src/sync/owner-clock.ts'
import { manualClock } from '../../support/manual-clock.ts'

function owner(saved = 0) {
  const clock = manualClock(1_000_000)
  const saves: number[] = []
  const failures: unknown[] = []
  const disk = { isFull: false }
  const save = (unixMs: number): void => {
    if (disk.isFull) throw new Error('full')
    saves.push(unixMs)
  }
  const onFailure = (err: unknown) => failures.push(err)
  const open = () => new OwnerClock({ clock, load: () => saves.at(-1) ?? saved, save, onFailure })
  return { clock, saves, failures, disk, open, ownerClock: open() }
}

test('never goes back, whatever the wall clock does', () => {
  const { clock, ownerClock } = owner()
  expect(ownerClock.now()).toBe(1_000_000)
  clock.setWall(400_000)
  expect(ownerClock.now()).toBe(1_000_000)
  clock.setWall(1_000_500)
  expect(ownerClock.now()).toBe(1_000_500)
})

test('begins at the latest time that the last run wrote', () => {
  expect(owner(5_000_000).ownerClock.now()).toBe(5_000_000)
})

test('writes once a minute at most, and at an orderly stop', () => {
  const { clock, ownerClock, saves, open } = owner(999_999)
  ownerClock.now()
  clock.advance(59_000)
  ownerClock.now()
  expect(saves).toEqual([])
  clock.advance(1_000)
  ownerClock.now()
  expect(saves).toEqual([1_060_000])
  clock.advance(30_000)
  ownerClock.now()
  ownerClock.flush()
  ownerClock.flush()
  expect(saves).toEqual([1_060_000, 1_090_000])
  clock.setWall(0)
  expect(open().now()).toBe(1_090_000)
})

test('[ST25] tells the time also while the mark cannot be written, tries once a minute, and writes it when it can', () => {
  const { clock, ownerClock, saves, failures, disk } = owner()
  disk.isFull = true
  expect(ownerClock.now()).toBe(1_000_000)
  clock.advance(30_000)
  expect(ownerClock.now()).toBe(1_030_000)
  expect(failures.length).toBe(1)
  expect(() => ownerClock.flush()).toThrow('full')
  disk.isFull = false
  ownerClock.flush()
  expect(saves).toEqual([1_030_000])
})
