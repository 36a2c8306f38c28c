import { expect, test } from 'vitest'
import { OwnerClock } from '../../../src/sync/owner-clock.ts'
import { manualClock } from '../../support/manual-clock.ts'

function owner(saved = 0) {
  const clock = manualClock(1_000_000)
  const saves: number[] = []
  const open = () => new OwnerClock({ clock, load: () => saves.at(-1) ?? saved, save: (unixMs) => saves.push(unixMs) })
  return { clock, saves, open, ownerClock: open() }
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
