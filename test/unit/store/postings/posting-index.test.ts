import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PostingIndex } from '../../../../src/store/postings/posting-index.ts'
import { MAX_KEYS_OF_SEGMENT } from '../../../../src/wire/index/posting-keys.ts'
import { PostingsFixture, SMALL } from './postings-fixture.ts'

let fixture: PostingsFixture
beforeEach(() => {
  fixture = new PostingsFixture()
})
afterEach(() => fixture.remove())

const ALL = 7
const ODD = 8

/** Segments with a key of all, one of the odd ones, and one of their own. */
function addSegments(from: number, to: number, index: PostingIndex = fixture.index): void {
  for (let segment = from; segment <= to; segment++) {
    if (index === fixture.index) fixture.addSegment(segment)
    index.add(segment, {
      traces: [segment],
      tokens: segment % 2 === 1 ? [ALL, ODD, 1000 + segment] : [ALL, 1000 + segment],
    })
  }
}

function settle(index: PostingIndex = fixture.index): number {
  let steps = 0
  while (index.mergeStep()) steps++
  return steps
}

const upTo = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('adding', () => {
  test('[IX16] costs one row, found at once, and gone if the transaction is taken back', () => {
    addSegments(1, 2)
    const taken = fixture.db.transaction(() => {
      addSegments(3, 3)
      expect(fixture.index.tokens.find(ALL)).toEqual([1, 2, 3])
      throw new Error('taken back')
    })
    expect(taken).toThrow('taken back')
    expect(fixture.index.tokens.find(ALL)).toEqual([1, 2])
    expect(fixture.count('posting_tail')).toBe(2)
    expect(fixture.index.lastSegment()).toBe(2)
  })

  test('[IX16] a segment comes after those of every part', () => {
    addSegments(1, 8)
    settle()
    expect(fixture.index.lastSegment()).toBe(8)
    for (const segment of [8, 3, 2 ** 40]) {
      expect(() => fixture.index.add(segment, { traces: [], tokens: [] })).toThrow(RangeError)
    }
  })

  test('[IX15] a segment with too many tokens matches each, before and after it is merged', () => {
    addSegments(1, 2)
    fixture.addSegment(3)
    const many = Float64Array.from({ length: MAX_KEYS_OF_SEGMENT + 1 }, (_, i) => i)
    fixture.index.add(3, { traces: [3], tokens: many })
    const check = (): void => {
      expect(fixture.index.tokens.find(999_999)).toEqual([3])
      expect(fixture.index.tokens.findAll([[1001], [999_999, ALL]])).toEqual([1, 3])
      expect(fixture.index.traces.find(999_999)).toEqual([])
    }
    check()
    addSegments(4, 40)
    settle()
    check()
    fixture.deleteSegment(3)
    fixture.deleteSegment(4)
    for (let i = 1; i < 40; i += 2) fixture.deleteSegment(i)
    fixture.index.prune()
    settle()
    expect(fixture.index.tokens.find(999_999)).toEqual([])
  })
})

describe('upkeep', () => {
  test('[IX20] is refused within a transaction, which could take it back', () => {
    const { index } = fixture
    for (const work of [() => index.mergeStep(), () => index.clear()]) {
      expect(() => fixture.db.transaction(work)()).toThrow(TypeError)
    }
  })

  test('[IX20] each step does little, and once there is nothing to do it asks the database nothing', () => {
    addSegments(1, 100)
    expect(settle()).toBeGreaterThan(50)
    fixture.cutAt(1)
    expect(fixture.index.mergeStep()).toBe(false)
    fixture.mend()
  })

  test('[IX18] parts become fewer as segments become more', () => {
    addSegments(1, 144)
    settle()
    const { parts, tailSegments } = fixture.index.stats()
    // 36 batches of 4: 12 parts of the second level, 4 of the third, which stay.
    expect([parts, tailSegments]).toEqual([4, 0])
    expect(fixture.index.tokens.find(ODD)).toEqual(upTo(1, 144).filter((n) => n % 2 === 1))
  })

  test('[IX22] parts of which nothing is left go, and their space comes back', () => {
    addSegments(1, 36)
    settle()
    for (const segment of upTo(1, 36)) fixture.deleteSegment(segment)
    fixture.index.prune()
    settle()
    expect([fixture.count('posting_part'), fixture.count('posting_block')]).toEqual([0, 0])
    expect(fixture.index.tokens.find(ALL)).toEqual([])
    addSegments(37, 40)
    expect(fixture.index.tokens.find(ALL)).toEqual([37, 38, 39, 40])
  })

  test('[IX22] a part that lost half is rewritten, one that lost less is not', () => {
    addSegments(1, 36)
    settle()
    const { blocks } = fixture.index.stats()
    for (const segment of upTo(1, 10)) fixture.deleteSegment(segment)
    fixture.index.prune()
    settle()
    expect(fixture.index.stats().blocks).toBe(blocks)
    expect(fixture.index.tokens.find(1003)).toEqual([3]) // gone, and still there: the caller looks
    for (const segment of upTo(11, 18)) fixture.deleteSegment(segment)
    fixture.index.prune()
    settle()
    expect(fixture.index.stats().blocks).toBeLessThan(blocks)
    expect(fixture.index.tokens.find(1003)).toEqual([])
    expect(fixture.index.tokens.find(ALL)).toEqual(upTo(19, 36))
  })

  test('[IX21] what was half made at the end of the process is cleaned up', () => {
    addSegments(1, 40)
    while (fixture.count('posting_part') < 4) fixture.index.mergeStep()
    fixture.reopen()
    settle()
    expect(fixture.count('posting_part')).toBe(fixture.index.stats().parts)
    expect(fixture.index.tokens.find(ALL)).toEqual(upTo(1, 40))
  })
})

describe('looking up', () => {
  beforeEach(() => {
    addSegments(1, 50)
    settle()
    addSegments(51, 52)
  })

  test('[IX24] all of some groups, any of each', () => {
    const { tokens } = fixture.index
    expect(tokens.findAll([[ODD], [1003, 1004, 1051]])).toEqual([3, 51])
    expect(tokens.findAll([[ALL], []])).toEqual([])
    expect(tokens.findAll([])).toEqual(upTo(1, 52))
  })

  test('[IX25] newest first, below a segment, while parts are merged under it', () => {
    const found: number[] = []
    for (const segment of fixture.index.tokens.newest([[ODD]], 52)) {
      found.push(segment)
      if (found.length % 5 === 0) {
        addSegments(52 + found.length, 56 + found.length)
        settle()
      }
    }
    expect(found).toEqual(
      upTo(1, 51)
        .filter((n) => n % 2 === 1)
        .toReversed(),
    )
  })

  test('[IX26] keys of a range, as many as asked for, each once', () => {
    const { traces, tokens } = fixture.index
    expect(traces.keysBetween(3, 51, 100)).toEqual(upTo(3, 51))
    expect(traces.keysBetween(40, 60, 5)).toEqual(upTo(40, 44))
    expect(tokens.keysBetween(0, ODD, 5)).toEqual([ALL, ODD])
    expect(traces.keysBetween(60, 2 ** 48 - 1, 5)).toEqual([])
  })

  test('[IX27] blocks are kept in memory up to a bound, and read once while they fit', () => {
    fixture.index.tokens.find(ALL)
    fixture.cutAt(2) // the tail is asked; no block is
    fixture.index.tokens.find(ALL)
    fixture.mend()
    for (const key of upTo(1001, 1052)) fixture.index.tokens.find(key)
    expect(fixture.index.stats().cachedBytes).toBeGreaterThan(100)
    const next = { nextLive: () => undefined }
    const small = new PostingIndex(fixture.db, next, { sizes: SMALL, cacheBytes: 100 })
    for (const key of upTo(1001, 1052)) expect(small.tokens.find(key)).toEqual([key - 1000])
    expect(small.stats().cachedBytes).toBeLessThanOrEqual(100)
  })
})

describe('generations', () => {
  test('[IX28] another index is built beside the one that answers, and takes its place', () => {
    addSegments(1, 30)
    settle()
    const next = fixture.openIndex(1)
    addSegments(1, 30, next)
    while (next.mergeStep()) expect(fixture.index.tokens.find(1007)).toEqual([7])
    expect(next.tokens.find(ALL)).toEqual(upTo(1, 30))
    fixture.index.clear()
    settle()
    expect(fixture.index.tokens.find(ALL)).toEqual([])
    expect(next.tokens.find(1007)).toEqual([7])
    expect(fixture.count('posting_part')).toBe(next.stats().parts)
  })

  test('[IX28] what a crash left of another generation is dropped', () => {
    addSegments(1, 30)
    const left = fixture.openIndex(1)
    addSegments(1, 30, left)
    while (fixture.count('posting_part') < 3) left.mergeStep()
    fixture.reopen()
    fixture.index.dropOthers()
    settle()
    expect(fixture.openIndex(1).tokens.find(ALL)).toEqual([])
    expect(fixture.index.tokens.find(ALL)).toEqual(upTo(1, 30))
    expect(fixture.count('posting_part')).toBe(fixture.index.stats().parts)
  })

  test('[IX28] there are as many as tail rows have ids for', () => {
    for (const generation of [-1, 8192]) expect(() => fixture.openIndex(generation)).toThrow(RangeError)
    addSegments(1, 1, fixture.openIndex(8191))
    expect(fixture.openIndex(8191).tokens.find(ALL)).toEqual([1])
  })
})

test('[IX27] a block that is missing is told as damage', () => {
  addSegments(1, 36)
  settle()
  fixture.db.exec('DELETE FROM posting_block')
  expect(() => fixture.index.tokens.find(ALL)).toThrow('a block of postings is missing')
})
