import { describe, expect, test } from 'vitest'
import { codeOf } from '../../../src/base/errors.ts'
import {
  toDeviceId,
  toIncarnation,
  toLogId,
  type DeviceId,
  type Incarnation,
  type LogId,
} from '../../../src/model/ids.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { RUN_SEGMENTS } from '../../../src/sync/core/plan-wants.ts'
import { MAX_SET_ASIDE, Restoring, type LostPlace, type LostSegment } from '../../../src/sync/restoring.ts'
import type { ScopedLog } from '../../../src/sync/scope.ts'
import { encodeSegmentHeader } from '../../../src/wire/segment-header.ts'

const id = (fill: number, length = 32): string => fill.toString(16).padStart(2, '0').repeat(length)
const [ME, PEER, OTHER] = [1, 2, 3].map(
  (fill) => toDeviceId(Uint8Array.from({ length: 32 }, () => fill)) as DeviceId,
) as [DeviceId, DeviceId, DeviceId]

function logOf(author: DeviceId, fill = 9): ScopedLog {
  return {
    rowId: fill,
    author,
    log: toLogId(id(fill, 16)) as LogId,
    incarnation: toIncarnation(id(8, 16)) as Incarnation,
    lane: 'traces',
    module: 'app',
    part: 'base',
  }
}

const sealedOf = (seq: number): Uint8Array => new Uint8Array(64).fill(seq)

function lostAt(log: ScopedLog, seq: number): LostSegment {
  const header = encodeSegmentHeader({
    version: 1,
    suite: 1,
    author: log.author,
    log: log.log,
    incarnation: log.incarnation,
    seq,
    prev: seq === 0 ? undefined : new Uint8Array(32),
    salt: new Uint8Array(16),
    keyCommitment: new Uint8Array(16),
    sealedBytes: 64,
    sealedHash: nodeCrypto.sha256(sealedOf(seq)),
    dropAfterDay: undefined,
  })
  return { log, seq, epoch: 0, header }
}

/** @param mayHave whom a grant opens the log to */
function restoring(lost: readonly LostSegment[], mayHave: (recipient: DeviceId) => boolean = () => true) {
  const left = [...lost]
  const kept: number[] = []
  const all = new Restoring({
    crypto: nodeCrypto,
    self: ME,
    source: {
      findLog: (range) => lost.find(({ log }) => log.log === range.log)?.log,
      lostAfter: (place, limit) => left.filter((each) => isAfter(each, place)).slice(0, limit),
      lostAt: (log, seq) => left.find((each) => each.log.rowId === log.rowId && each.seq === seq),
    },
    mayHave: (recipient) => mayHave(recipient),
    keep(_peer, _log, found) {
      for (const { seq } of found) {
        kept.push(seq)
        left.splice(
          left.findIndex((each) => each.seq === seq),
          1,
        )
      }
    },
  })
  return { all, kept }
}

const isAfter = ({ log, seq }: LostSegment, place: LostPlace): boolean =>
  log.rowId > place.log || (log.rowId === place.log && seq > place.seq)

const rangeOf = ({ author, log, incarnation }: ScopedLog, from: number, to = from) => {
  return { author, log, incarnation, from, to }
}
const given = (...seqs: readonly number[]) => seqs.map((seq) => ({ header: new Uint8Array(), sealed: sealedOf(seq) }))

describe('[ST45] who is asked', () => {
  const [mine, theirs, others] = [logOf(ME, 4), logOf(PEER, 5), logOf(OTHER, 6)]

  test('an owner for its own, one that may see ours for ours, nobody for a third one’s', () => {
    const { all } = restoring([lostAt(mine, 3), lostAt(theirs, 4), lostAt(others, 5)])
    expect(all.plan(PEER)).toEqual([rangeOf(mine, 3), rangeOf(theirs, 4)])
  })

  test('only one that may have ours hears that there is such a log', () => {
    const { all } = restoring([lostAt(mine, 3), lostAt(theirs, 4)], (recipient) => recipient === ME)
    expect(all.plan(PEER)).toEqual([rangeOf(theirs, 4)])
  })

  test('no owner is asked for what no grant opens to us any more', () => {
    const { all } = restoring([lostAt(mine, 3), lostAt(theirs, 4)], (recipient) => recipient === PEER)
    expect(all.plan(PEER)).toEqual([rangeOf(mine, 3)])
  })

  test('what lies side by side is asked for together, in runs that a reader takes', () => {
    const seqs = Array.from({ length: RUN_SEGMENTS + 2 }, (_, i) => i)
    const { all } = restoring([...seqs, 200].map((seq) => lostAt(mine, seq)))
    const full = RUN_SEGMENTS
    expect(all.plan(PEER)).toEqual([rangeOf(mine, 0, full - 1), rangeOf(mine, full, full + 1), rangeOf(mine, 200)])
  })

  test('what a device did not give it is not asked for again until it comes back', () => {
    const { all } = restoring([lostAt(mine, 3), lostAt(mine, 4)])
    all.setAside(PEER, rangeOf(mine, 4))
    expect([all.plan(PEER), all.plan(OTHER)]).toEqual([[rangeOf(mine, 3)], [rangeOf(mine, 3, 4)]])
    all.forget(PEER)
    expect(all.plan(PEER)).toEqual([rangeOf(mine, 3, 4)])
  })
})

describe('[ST45] many that are lost', () => {
  const [theirs, others] = [logOf(PEER, 8), logOf(OTHER, 7)]
  const every = (log: ScopedLog, count: number, step: number) =>
    Array.from({ length: count }, (_, i) => lostAt(log, i * step))

  test('are all asked for, whatever lies before them that this device has no part in', () => {
    const { all } = restoring([...every(others, 9_000, 1), ...every(theirs, 3, 1)])
    expect([all.plan(PEER), all.plan(PEER)]).toEqual([[], [rangeOf(theirs, 0, 2)]])
  })

  test('are asked for in requests that may be as long as they may be, one after the other', () => {
    const { all } = restoring(every(theirs, 1_000, 2))
    const asked = [all.plan(PEER), all.plan(PEER), all.plan(PEER)]
    expect(Math.max(...asked.map(({ length }) => length))).toBeLessThanOrEqual(512)
    expect(new Set(asked.flat().map(({ from }) => from)).size).toBe(1_000)
  })

  test('are asked for no more of a device that gives none, and fill no memory', () => {
    const { all } = restoring(every(theirs, MAX_SET_ASIDE + 1, 1))
    all.setAside(PEER, rangeOf(theirs, 0, Number.MAX_SAFE_INTEGER))
    expect(all.plan(PEER)).toEqual([])
    all.forget(PEER)
    expect(all.plan(PEER).length).toBeGreaterThan(0)
  })
})

describe('[ST45] what comes', () => {
  const mine = logOf(ME)

  test('is kept where it was lost, and once', () => {
    const { all, kept } = restoring([lostAt(mine, 3), lostAt(mine, 4)])
    all.take(PEER, rangeOf(mine, 3, 4), given(3, 4))
    all.take(OTHER, rangeOf(mine, 3, 4), given(3, 4))
    expect([kept, all.plan(PEER)]).toEqual([[3, 4], []])
  })

  test('is refused if it is another body, and that device is not asked for these again', () => {
    const { all, kept } = restoring([lostAt(mine, 3), lostAt(mine, 4)])
    const take = () => all.take(PEER, rangeOf(mine, 3, 4), given(3, 5))
    expect(codeOf(thrownBy(take))).toBe('SYNC_TAMPERED')
    expect([kept, all.plan(PEER), all.plan(OTHER)]).toEqual([[3], [], [rangeOf(mine, 4)]])
  })
})

test('[ST45] a run that lacks a segment it claims is refused: asking for it would never end', () => {
  const mine = logOf(ME)
  const { all, kept } = restoring([lostAt(mine, 3), lostAt(mine, 4)])
  expect(codeOf(thrownBy(() => all.take(PEER, rangeOf(mine, 3, 4), given(3))))).toBe('SYNC_GAP')
  expect([kept, all.plan(PEER)]).toEqual([[], []])
})

function thrownBy(work: () => void): unknown {
  try {
    work()
  } catch (err) {
    return err
  }
  return undefined
}
