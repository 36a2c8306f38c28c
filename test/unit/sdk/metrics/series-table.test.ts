import type { Attributes } from '@opentelemetry/api'
import { expect, test } from 'vitest'
import { MAX_ROOM_CHARS, MAX_SERIES, MAX_SERIES_CHARS, SeriesTable } from '../../../../src/sdk/metrics/series-table.ts'

function setUp(chars = MAX_ROOM_CHARS) {
  const room = { chars }
  const table = new SeriesTable(room, () => ({ hits: 0 }))
  const hit = (attributes: Attributes): void => void table.at(attributes).hits++
  const hits = () =>
    table
      .all()
      .map(({ attributes, point }) => [Object.fromEntries(attributes.map((a) => [a.key, a.value])), point.hits])
  return { room, table, hit, hits }
}

test('[BU58] the order of attributes does not matter, and how often they were written neither', () => {
  const { hit, hits } = setUp()
  for (let i = 0; i < 3; i++) {
    hit({ a: 'x', b: 1 })
    hit({ b: 1, a: 'x' })
  }
  expect(hits()).toEqual([[{ a: 'x', b: 1 }, 6]])
})

test('[BU58] a set of attributes within another, and one that goes on otherwise, are sets of their own', () => {
  const { hit, hits } = setUp()
  const sets = [{ a: 'x' }, { a: 'x', b: 1 }, { a: 'x', c: 1 }, { a: 'x', b: 2 }, { a: 'y', b: 1 }, { b: 1 }]
  for (let i = 0; i < 3; i++) for (const set of sets) hit(set)
  expect(hits()).toEqual(sets.map((set) => [set, 3]))
})

test('[BU58] what attributes inherit is not theirs', () => {
  const { hit, hits } = setUp()
  hit({ a: 1, b: 2 })
  hit(Object.assign(Object.create({ b: 2 }) as Attributes, { a: 1 }))
  expect(hits()).toEqual([
    [{ a: 1, b: 2 }, 1],
    [{ a: 1 }, 1],
  ])
})

test('[BU58] no attributes and undefined ones are the same series', () => {
  const { hit, hits } = setUp()
  hit({})
  hit({ a: undefined })
  expect(hits()).toEqual([[{}, 2]])
})

test.each<{ name: string; one: Attributes; other: Attributes }>([
  { name: 'a number and its text', one: { a: 1 }, other: { a: '1' } },
  { name: 'true and its text', one: { a: true }, other: { a: 'true' } },
  { name: 'a value that holds another attribute', one: { a: 'x1:b1:y' }, other: { a: 'x', b: 'y' } },
  { name: 'a key that holds a value', one: { 'a1:x': '' }, other: { a: 'x' } },
  { name: 'a list and its text', one: { a: ['x'] }, other: { a: '["x"]' } },
])('[BU58] $name are two series', ({ one, other }) => {
  const { hit, table } = setUp()
  hit(one)
  hit(other)
  expect(table.all()).toHaveLength(2)
})

test('[BU58] beyond the limit all share one series, which says so, and known ones go on', () => {
  const { hit, hits } = setUp()
  for (let i = 0; i < MAX_SERIES + 5; i++) hit({ i })
  hit({ i: 3 })
  expect(hits()).toHaveLength(MAX_SERIES + 1)
  expect(hits()[3]).toEqual([{ i: 3 }, 2])
  expect(hits().at(-1)).toEqual([{ 'otel.metric.overflow': true }, 5])
})

test('[BU58] text beyond the room of the module goes to that series too, and clearing gives the room back', () => {
  const { room, table, hit, hits } = setUp(1_000)
  for (let i = 0; i < 20; i++) hit({ text: `${i}`.repeat(50) })
  expect(hits().length).toBeLessThan(15)
  expect(hits().at(-1)?.[0]).toEqual({ 'otel.metric.overflow': true })
  table.clear()
  expect([room.chars, table.all()]).toEqual([1_000, []])
})

test('[BU58] a long value is cut, not kept', () => {
  const { hit, table } = setUp()
  hit({ a: 'x'.repeat(10 * MAX_SERIES_CHARS) })
  expect(JSON.stringify(table.all()).length).toBeLessThan(MAX_SERIES_CHARS + 100)
})
