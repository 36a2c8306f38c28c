/**
 * The index beside a model, a map from keys to sets of segments, through random runs of everything that may happen to it: adds,
 * adds taken back, steps, deletions, prunes, ends of the process, and cuts between any two statements of a step.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PostingReader } from '../../../../src/store/postings/posting-reader.ts'
import { seeded, type Seeded } from '../../../support/seeded.ts'
import { Cut, PostingsFixture } from './postings-fixture.ts'

let fixture: PostingsFixture
beforeEach(() => {
  fixture = new PostingsFixture()
})
afterEach(() => fixture.remove())

/** What was added of one family: segments by key. */
type Postings = Map<number, Set<number>>

class Model {
  readonly traces: Postings = new Map()
  readonly tokens: Postings = new Map()
  readonly live = new Set<number>()
  last = 0
  readonly #random: Seeded

  constructor(random: Seeded) {
    this.#random = random
  }

  /** Some keys that every segment has, some that a few have, some of its own; now and then a gap in the row ids. */
  newSegment(): { segment: number; traces: number[]; tokens: number[] } {
    const random = this.#random
    const few = Array.from({ length: random.below(8) }, () => 100 + random.below(60))
    const own = Array.from({ length: random.below(12) }, () => 2 ** 20 + random.below(2 ** 28))
    const sorted = (keys: readonly number[]): number[] => [...new Set(keys)].sort((a, b) => a - b)
    return {
      segment: this.last + random.pick([1, 1, 1, 1, 5]),
      traces: sorted([...few.map((key) => key * 2 ** 33), ...own.map((key) => key * 2 ** 10)]),
      tokens: sorted([1, 2, 2 ** 32 - 1, ...few, ...own]),
    }
  }

  add({ segment, traces, tokens }: ReturnType<Model['newSegment']>): void {
    this.last = segment
    this.live.add(segment)
    for (const [family, keys] of [[this.traces, traces] as const, [this.tokens, tokens] as const]) {
      for (const key of keys) family.set(key, (family.get(key) ?? new Set()).add(segment))
    }
  }

  /** Live segments of a key, ascending. */
  find(family: Postings, key: number): number[] {
    return [...(family.get(key) ?? [])].filter((segment) => this.live.has(segment)).sort((a, b) => a - b)
  }
}

/** Every live posting is found, and nothing that was never added; what is gone may still be there. */
function expectSame(model: Model): void {
  const onlyLive = (found: readonly number[]): number[] => found.filter((segment) => model.live.has(segment))
  const check = (reader: PostingReader, postings: Postings): void => {
    for (const [key, added] of postings) {
      const found = reader.find(key)
      expect(onlyLive(found)).toEqual(model.find(postings, key))
      expect(found.filter((segment) => !added.has(segment))).toEqual([])
    }
    for (const key of [0, 3, 2 ** 19]) expect(reader.find(key)).toEqual([])
    const keys = [...postings.keys()].sort((a, b) => a - b)
    const found = reader.keysBetween(keys[1] ?? 0, keys.at(-2) ?? 0, 10_000)
    expect(found).toEqual([...new Set(found)].sort((a, b) => a - b))
    const owed = keys.slice(1, -1).filter((key) => model.find(postings, key).length > 0)
    expect(owed.filter((key) => !found.includes(key))).toEqual([])
    expect(found.filter((key) => !postings.has(key))).toEqual([])
  }
  check(fixture.index.traces, model.traces)
  check(fixture.index.tokens, model.tokens)
  const few = Array.from({ length: 60 }, (_, i) => 100 + i)
  const groups = [[1], few.slice(0, 20), few.slice(20)]
  const wanted = [...model.live].filter((segment) =>
    groups.every((keys) => keys.some((key) => model.tokens.get(key)?.has(segment))),
  )
  expect(onlyLive(fixture.index.tokens.findAll(groups))).toEqual(wanted)
  expect(onlyLive([...fixture.index.tokens.newest(groups)])).toEqual(wanted.toReversed())
}

/** A step that may be cut; what is left then is an error that says so and a database as it was before. */
function step(random: Seeded): boolean {
  if (random.below(4) > 0) return fixture.index.mergeStep()
  fixture.cutAt(1 + random.below(40))
  try {
    return fixture.index.mergeStep()
  } catch (err) {
    expect(err).toBeInstanceOf(Cut)
    if (random.below(2) === 0) fixture.reopen()
    return true
  } finally {
    fixture.mend()
  }
}

function act(model: Model, random: Seeded): void {
  switch (
    random.pick([
      'add',
      'add',
      'add',
      'take back',
      'step',
      'step',
      'step',
      'step',
      'delete',
      'prune',
      'reopen',
    ] as const)
  ) {
    case 'add': {
      const added = model.newSegment()
      fixture.db.transaction(() => {
        fixture.addSegment(added.segment)
        fixture.index.add(added.segment, added)
      })()
      model.add(added)
      return
    }
    case 'take back': {
      const added = model.newSegment()
      const work = fixture.db.transaction(() => {
        fixture.addSegment(added.segment)
        fixture.index.add(added.segment, added)
        expect(fixture.index.tokens.find(1)).toContain(added.segment)
        throw new Cut()
      })
      expect(work).toThrow(Cut)
      return
    }
    case 'step':
      step(random)
      return
    case 'delete': {
      const oldest = [...model.live].slice(0, 1 + random.below(6))
      for (const segment of random.below(2) === 0 ? oldest : [random.pick([...model.live])]) {
        if (segment === undefined) return
        fixture.deleteSegment(segment)
        model.live.delete(segment)
      }
      return
    }
    case 'prune':
      fixture.index.prune()
      return
    case 'reopen':
      if (random.below(4) === 0) fixture.reopen()
  }
}

test.each(Array.from({ length: 8 }, (_, seed) => ({ seed })))(
  '[IX20] [IX21] [IX23] the index is the model, whatever happens to it: seed $seed',
  ({ seed }) => {
    const random = seeded(seed)
    const model = new Model(random)
    for (let i = 0; i < 400; i++) {
      act(model, random)
      if (i % 25 === 0) expectSame(model)
    }
    expectSame(model)
    while (fixture.index.mergeStep());
    expectSame(model)
    expect(fixture.count('posting_part')).toBe(fixture.index.stats().parts)
    expect(fixture.count('posting_block')).toBe(fixture.index.stats().blocks)
  },
)

test('[IX21] a cut before any statement of any step loses nothing', () => {
  const random = seeded(77)
  const model = new Model(random)
  let cuts = 0
  for (let nth = 1; nth <= 60; nth++) {
    const added = model.newSegment()
    fixture.addSegment(added.segment)
    fixture.index.add(added.segment, added)
    model.add(added)
    // The same steps again and again, each time cut one statement later, until they come through.
    for (let at = 1; ; at++) {
      fixture.cutAt(at)
      try {
        while (fixture.index.mergeStep());
        break
      } catch (err) {
        expect(err).toBeInstanceOf(Cut)
        cuts++
        if (at % 3 === 0) fixture.reopen()
        fixture.mend()
        expect(fixture.index.tokens.find(1)).toEqual(model.find(model.tokens, 1))
      }
    }
    fixture.mend()
    if (nth % 10 === 0) expectSame(model)
  }
  expect(cuts).toBeGreaterThan(300)
})
