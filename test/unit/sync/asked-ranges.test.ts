import { expect, test } from 'vitest'
import { AskedRanges } from '../../../src/sync/asked-ranges.ts'
import type { LogRange } from '../../../src/wire/log-rows.ts'
import { incarnation, laptop, log } from '../wire/fixtures.ts'

const range = (from: number, to: number): LogRange => ({ author: laptop.card.deviceId, log, incarnation, from, to })

function asked(...ranges: readonly LogRange[]): AskedRanges {
  const ranging = new AskedRanges()
  ranging.ask(ranges)
  return ranging
}

test('[SE10] runs come in the order asked, each range from its top down', () => {
  const ranges = asked(range(10, 19), range(0, 4))
  expect(ranges.take(range(15, 19))).toBe(true)
  expect(ranges.next()).toEqual(range(10, 14))
  expect(ranges.take(range(10, 14))).toBe(true)
  expect(ranges.take(range(0, 4))).toBe(true)
  expect(ranges.next()).toBeUndefined()
})

test.each<[string, LogRange]>([
  ['one that begins below what was asked', range(9, 19)],
  ['one that ends elsewhere', range(10, 18)],
  ['the next range before its turn', range(0, 4)],
  ['one of another author', { ...range(10, 19), author: range(0, 0).author.replaceAll('a', 'b') as never }],
])('[SE10] %s was not asked for, and takes nothing off', (_, other) => {
  const ranges = asked(range(10, 19), range(0, 4))
  expect(ranges.take(other)).toBe(false)
  expect(ranges.next()).toEqual(range(10, 19))
})

test('[SE10] a run twice was asked for once', () => {
  const ranges = asked(range(10, 19))
  expect(ranges.take(range(10, 19))).toBe(true)
  expect(ranges.take(range(10, 19))).toBe(false)
})
