import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LogLine } from '../../../src/query/log-line.ts'
import { PageLines, type PageDirection, type PlacedLine } from '../../../src/query/page-lines.ts'
import type { Place } from '../../../src/query/search/search-cursor.ts'

interface Words {
  readonly time: number
  readonly key: string
  readonly bytes: number
}
const placed = ({ time, key, bytes }: Words): PlacedLine => ({
  line: { body: `${time} ${key}`, provenance: 'verified', module: 'm' } as LogLine,
  value: BigInt(time),
  tie: `${time} ${key}`,
  bytes,
})
/** A record's size follows from its content, here its key. */
const anyLine = fc
  .record({ time: fc.integer({ min: 0, max: 9 }), key: fc.constantFrom('a', 'b', 'c') })
  .map((line) => ({ ...line, bytes: 1 + ((line.time * 7 + line.key.charCodeAt(0)) % 9) }))
const limits = fc.record({ lines: fc.integer({ min: 1, max: 6 }), bytes: fc.integer({ min: 1, max: 25 }) })

function kept(lines: readonly Words[], most: { lines: number; bytes: number }, trimEvery = 1): readonly string[] {
  const newest = new PageLines(most)
  for (const [i, line] of lines.entries()) {
    newest.add(placed(line))
    if (i % trimEvery === 0) newest.trim()
  }
  return newest.result().lines.map(({ line }) => line.body)
}

test('[QU23] what is kept is the newest that fits, at least one line, whatever came first or again', () => {
  fc.assert(
    fc.property(fc.array(anyLine), limits, fc.integer({ min: 1, max: 4 }), (lines, most, trimEvery) => {
      const newestFirst = [...new Map(lines.map((line) => [placed(line).tie, line])).values()].sort(
        (a, b) => b.time - a.time || (a.key < b.key ? 1 : -1),
      )
      let bytes = 0
      const fits = newestFirst.findIndex((line, i) => i === most.lines || ((bytes += line.bytes) > most.bytes && i > 0))
      const want = newestFirst.slice(0, fits === -1 ? undefined : fits).map((line) => placed(line).tie)
      expect(kept(lines, most, trimEvery)).toEqual(want.toReversed())
      expect(kept([...lines, ...lines].toReversed(), most, trimEvery)).toEqual(want.toReversed())
    }),
  )
})

test('[QU23] never holds more than is wanted and what was added since it was last trimmed', () => {
  const newest = new PageLines({ lines: 2, bytes: 100 })
  for (let time = 0; time < 10; time++) {
    newest.add(placed({ time, key: 'a', bytes: 1 }))
    newest.trim()
  }
  expect(newest.hasPlaceAt(7n)).toBe(false)
  expect(newest.hasPlaceAt(8n)).toBe(true)
  expect(newest.result()).toMatchObject({ records: 2 })
})

test('[QU23] copies of a line that is listed are records that are not left out', () => {
  const newest = new PageLines({ lines: 1, bytes: 100 })
  for (const time of [1, 2, 2, 1]) newest.add(placed({ time, key: 'a', bytes: 1 }))
  expect(newest.result()).toMatchObject({ lines: [{ tie: '2 a' }], records: 2 })
})

test('[QU29] a page of either direction has the lines nearest to its beginning, and none beyond it', () => {
  const anyPlace = fc.option(
    anyLine.map((line): Place => placed(line)),
    { nil: undefined },
  )
  const directions = fc.constantFrom<PageDirection>('older', 'newer')
  fc.assert(
    fc.property(
      fc.array(anyLine),
      fc.integer({ min: 1, max: 5 }),
      directions,
      anyPlace,
      (lines, count, direction, begin) => {
        const page = new PageLines({ lines: count, bytes: 1000 }, direction, begin)
        for (const line of lines) {
          page.add(placed(line))
          page.trim()
        }
        const sorted = [...new Set(lines.map((line) => placed(line).tie))].sort()
        const isBeyond = (tie: string): boolean =>
          begin !== undefined && (direction === 'older' ? tie >= begin.tie : tie <= begin.tie)
        const side = sorted.filter((tie) => !isBeyond(tie))
        const want = direction === 'older' ? side.slice(-count) : side.slice(0, count)
        expect(page.result().lines.map(({ tie }) => tie)).toEqual(want)
      },
    ),
  )
})
