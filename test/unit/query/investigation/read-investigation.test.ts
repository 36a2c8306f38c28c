import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toDeviceId, toSpanId, type DeviceId, type SpanId } from '../../../../src/model/ids.ts'
import { STATUSES, type Change, type Entry } from '../../../../src/model/investigation.ts'
import {
  readInvestigation,
  standingAbout,
  type AuthoredEntry,
} from '../../../../src/query/investigation/read-investigation.ts'
import type { Evidence } from '../../../../src/query/trace-source.ts'

const device = (n: number) => toDeviceId(n.toString(16).padStart(64, '0')) as DeviceId
const [PHONE, LAPTOP, TABLET] = [device(1), device(2), device(3)]
const SPAN = toSpanId('b7ad6b7169203331') as SpanId
const id = (n: number) => n.toString(16).padStart(16, '0')

interface Given extends Partial<Entry> {
  readonly by?: DeviceId
  readonly evidence?: Evidence
}
function entry(n: number, change: Change, { by = PHONE, evidence = 'verified', ...more }: Given = {}): AuthoredEntry {
  return { id: id(n), change, atUnixMs: n, over: [], deviceId: by, evidence, ...more }
}
const note = (n: number, text: string | null, given?: Given) => entry(n, { about: 'note', text }, given)
const status = (n: number, word: (typeof STATUSES)[number], given?: Given) =>
  entry(n, { about: 'status', status: word }, given)
const label = (n: number, isSet: boolean, given?: Given) => entry(n, { about: 'label', label: 'slow', isSet }, given)
const pin = (n: number, isSet: boolean, given?: Given) => entry(n, { about: 'pin', spanId: SPAN, isSet }, given)

const texts = (entries: readonly AuthoredEntry[]) => readInvestigation(entries).notes.map(({ value }) => value)
const statusOf = (entries: readonly AuthoredEntry[]) => readInvestigation(entries).status?.value

describe('notes', () => {
  test('[DO3] stand beside each other, by time, each with who sealed it', () => {
    const { notes } = readInvestigation([note(2, 'later', { by: LAPTOP }), note(1, 'first')])
    expect(notes.map(({ value, by }) => [value, by.deviceId])).toEqual([
      ['first', PHONE],
      ['later', LAPTOP],
    ])
  })
  test('[DO3] their author writes one anew, or takes it back', () => {
    const rewritten = note(2, 'anew', { over: [id(1)] })
    expect(texts([note(1, 'old'), rewritten])).toEqual(['anew'])
    expect(texts([note(1, 'old'), rewritten, note(3, null, { over: [id(2)] })])).toEqual([])
  })
  test('[DO3] nobody else can: not by taking its place, not by an entry under its id', () => {
    const mine = note(1, 'mine')
    expect(texts([mine, note(2, null, { by: LAPTOP, over: [id(1)] })])).toEqual(['mine'])
    expect(texts([mine, note(1, 'not mine', { by: LAPTOP })])).toEqual(['mine', 'not mine'])
    expect(texts([mine, status(2, 'solved', { over: [id(1)] })])).toEqual(['mine'])
  })
})

describe('what all share', () => {
  test('[DO4] a status stands until another one takes its place', () => {
    expect(statusOf([status(1, 'open'), status(2, 'solved', { by: LAPTOP, over: [id(1)] })])).toBe('solved')
    expect(statusOf([status(9, 'open'), status(2, 'solved', { by: LAPTOP, over: [id(9)] })])).toBe('solved')
  })
  test('[DO4] of several that were set apart the newest is the status, and the others are told', () => {
    const { status: now, besideStatus } = readInvestigation([
      status(1, 'open'),
      status(3, 'dismissed', { by: LAPTOP, over: [id(1)] }),
      status(2, 'solved', { over: [id(1)] }),
    ])
    expect([now?.value, besideStatus.map(({ value }) => value)]).toEqual(['dismissed', ['solved']])
  })
  test('[DO4] that each of two devices opened it says nothing against what one of them set since', () => {
    const solved = status(2, 'solved', { over: [id(1)] })
    const opened = status(3, 'open', { by: LAPTOP })
    expect(readInvestigation([status(1, 'open'), solved, opened])).toMatchObject({
      status: { value: 'solved' },
      besideStatus: [],
    })
    const both = readInvestigation([status(1, 'open'), opened])
    expect([both.status?.by.deviceId, both.besideStatus]).toEqual([PHONE, []])
    expect(statusOf([solved, opened, status(4, 'open', { by: LAPTOP, over: [id(2), id(3)] })])).toBe('open')
  })
  test('[DO4] a time far ahead wins nothing for ever: whoever sees it takes its place', () => {
    const ahead = status(1, 'dismissed', { by: TABLET, atUnixMs: 9_000_000_000_000 })
    expect(statusOf([ahead, status(2, 'open', { over: [id(1)] })])).toBe('open')
  })
  test('[DO4] a label or pin is there as long as one that stands says so', () => {
    const set = [label(1, true), pin(1, true, { by: LAPTOP })]
    expect(readInvestigation(set)).toMatchObject({ labels: [{ value: 'slow' }], pinned: [{ value: SPAN }] })
    expect(readInvestigation([...set, label(2, false, { by: LAPTOP, over: [id(1)] })]).labels).toEqual([])
    expect(readInvestigation([label(1, true), label(2, false, { by: LAPTOP }), label(3, true)]).labels).toHaveLength(1)
  })
  test('[DO4] pins and hidden spans are apart', () => {
    const hidden = entry(2, { about: 'hide', spanId: SPAN, isSet: true }, { over: [id(1)] })
    expect(readInvestigation([pin(1, true), hidden])).toMatchObject({
      pinned: [{ value: SPAN }],
      hidden: [{ value: SPAN }],
    })
  })
  test('[DO4] entries that name themselves or each other keep nothing from being read', () => {
    expect(statusOf([status(1, 'open', { over: [id(1)] })])).toBe('open')
    const circle = [status(1, 'open', { over: [id(2)] }), status(2, 'solved', { over: [id(1)] })]
    expect(statusOf(circle)).toBeUndefined()
    expect(statusOf([...circle, status(3, 'open', { by: LAPTOP })])).toBe('open')
  })
  test('[DO4] a new entry takes the place of all that stand about the same, and of nothing else', () => {
    const all = [status(1, 'open'), status(2, 'solved', { by: LAPTOP }), label(3, true), note(4, 'x')]
    expect(standingAbout(all, { about: 'status', status: 'open' }, PHONE)).toEqual([id(1), id(2)])
    expect(standingAbout(all, { about: 'note', text: 'y' }, LAPTOP)).toEqual([])
  })
  test('[DO6] everything that was ever said stays to be seen, whoever took it back', () => {
    const { entries } = readInvestigation([label(1, true), label(2, false, { by: LAPTOP, over: [id(1)] })])
    expect(entries.map(({ deviceId }) => deviceId)).toEqual([PHONE, LAPTOP])
  })
})

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ about: fc.constant('note' as const), text: fc.constantFrom('a', 'b', null) }),
  fc.record({ about: fc.constant('status' as const), status: fc.constantFrom(...STATUSES) }),
  fc.record({ about: fc.constant('label' as const), label: fc.constantFrom('x', 'y'), isSet: fc.boolean() }),
  fc.record({
    about: fc.constantFrom('pin' as const, 'hide' as const),
    spanId: fc.constant(SPAN),
    isSet: fc.boolean(),
  }),
)
const small = fc.integer({ min: 1, max: 6 })
const authored = fc.record({
  id: small.map(id),
  change,
  atUnixMs: small,
  over: fc.array(small.map(id), { maxLength: 3 }),
  deviceId: fc.constantFrom(PHONE, LAPTOP, TABLET),
  evidence: fc.constantFrom<Evidence>('verified', 'unverified', 'tampered'),
})

describe('any order', () => {
  test('[DO5] entries in any order, any of them again, give the same answer', () => {
    fc.assert(
      fc.property(
        fc
          .array(authored, { maxLength: 14 })
          .chain((all) =>
            fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }), fc.subarray(all)),
          ),
        ([all, shuffled, again]) => {
          expect(readInvestigation([...shuffled, ...again])).toEqual(readInvestigation(all))
        },
      ),
      { numRuns: 500 },
    )
  })
  test('[DO3] whatever others write, the notes of a device are what they are without them', () => {
    fc.assert(
      fc.property(fc.array(authored, { maxLength: 14 }), (all) => {
        const own = (entries: readonly AuthoredEntry[]) =>
          readInvestigation(entries).notes.filter(({ by }) => by.deviceId === PHONE)
        expect(own(all)).toEqual(own(all.filter(({ deviceId }) => deviceId === PHONE)))
      }),
    )
  })
  test('[DO5] of equal copies the best proven counts, and different ones under one id are both kept', () => {
    const copies = [note(1, 'a', { evidence: 'tampered' }), note(1, 'a'), note(1, 'b', { evidence: 'unverified' })]
    expect(readInvestigation(copies).notes.map(({ value, by }) => [value, by.evidence])).toEqual([
      ['a', 'verified'],
      ['b', 'unverified'],
    ])
  })
})
