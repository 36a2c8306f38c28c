import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { TraceId } from '../../../src/model/ids.ts'
import type { SeqRange } from '../../../src/model/segment.ts'
import type { NewSegment } from '../../../src/store/segment-table.ts'
import type { TraceEntry } from '../../../src/wire/index/digest.ts'
import { finish } from '../../support/finish.ts'
import { traceIdOf } from '../../support/otlp-records.ts'
import { describeLog, device, storeFixture, type StoreFixture } from './tables-fixture.ts'

let fixture: StoreFixture
let log: number
beforeEach(() => {
  fixture = storeFixture()
  log = fixture.store.logs.add(describeLog('core'), true).rowId
  fixture.store.db.prepare('INSERT INTO pack (author) VALUES (?)').run(new Uint8Array(32))
})
afterEach(() => fixture.remove())

function segment(seq: number, change: Partial<NewSegment> = {}): NewSegment {
  return {
    log,
    seq,
    segmentId: Uint8Array.of(1, seq),
    epoch: 0,
    header: Uint8Array.of(2, seq),
    place: { pack: 1, at: 8, bytes: 3 },
    rawBytes: 3,
    records: 10,
    minUnixNano: 0n,
    maxUnixNano: 2n ** 63n - 1n,
    maxDurationNano: 0n,
    ...change,
  }
}

function entry(trace: number, change: Partial<TraceEntry> = {}): TraceEntry {
  return {
    traceId: traceIdOf(trace),
    startUnixNano: 100n,
    endUnixNano: 200n,
    spans: 1,
    errors: 0,
    rootName: undefined,
    ...change,
  }
}

const found = (...traces: readonly TraceEntry[]) => ({ traces, tokens: new Uint32Array() })

describe('segments', () => {
  test('[ST21] a sequence number is written once', () => {
    fixture.store.segments.insert(segment(0))
    expect(() => fixture.store.segments.insert(segment(0))).toThrow('UNIQUE')
  })

  test('[ST21] a segment belongs to a log that is there', () => {
    expect(() => fixture.store.segments.insert(segment(0, { log: 77 }))).toThrow('FOREIGN KEY')
  })

  const command = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('insert' as const), seq: fc.nat(40) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('take back' as const), seq: fc.nat(40) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('ask' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('drop' as const), seq: fc.nat(40) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const) }) },
  )

  test('[ST21] runs, epochs and totals are those of the rows, whatever was written, taken back, dropped or deleted before', () => {
    const { segments, db } = fixture.store
    const held = new Set<number>()
    const dropped = new Set<number>()
    const ids = new Map<number, number>()
    const expectRuns = (runs: readonly SeqRange[], seqs: readonly number[]): void => {
      expect(runs.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i))).toEqual(seqs)
      for (const [i, { from }] of runs.entries()) if (i > 0) expect(from).toBeGreaterThan((runs[i - 1]?.to ?? 0) + 1)
    }
    const ask = (): void => {
      const seqs = [...held].sort((a, b) => a - b)
      const kept = seqs.filter((seq) => !dropped.has(seq))
      expectRuns(segments.runs(log), seqs)
      expectRuns(segments.keptRuns(log), kept)
      expect(segments.totals()).toEqual({ segments: kept.length, records: kept.length * 10 })
      const epochs = [...new Set(seqs.map((seq) => seq >> 3))]
      expect(segments.epochRanges(log)).toEqual(
        epochs.map((epoch) => {
          const of = seqs.filter((seq) => seq >> 3 === epoch)
          return { epoch, from: of[0], to: of.at(-1) }
        }),
      )
    }
    const run = (each: { readonly kind: string; readonly seq?: number }): void => {
      const seq = each.seq ?? 0
      if (each.kind === 'ask') ask()
      else if (each.kind === 'delete') {
        segments.deleteLog(log)
        held.clear()
        dropped.clear()
      } else if (each.kind === 'drop') {
        const id = ids.get(seq)
        if (!held.has(seq) || dropped.has(seq) || id === undefined) return
        db.exec('BEGIN')
        segments.drop(id)
        db.exec('COMMIT')
        segments.forget(log, [{ id, seq, records: 10 }])
        dropped.add(seq)
      } else if (!held.has(seq)) {
        db.exec('BEGIN')
        ids.set(seq, segments.insert(segment(seq, { epoch: seq >> 3 })))
        if (each.kind === 'take back') segments.runs(log)
        db.exec(each.kind === 'insert' ? 'COMMIT' : 'ROLLBACK')
        if (each.kind === 'insert') held.add(seq)
      }
    }
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        run({ kind: 'delete' })
        for (const each of [...commands, { kind: 'ask' }]) run(each)
      }),
      { numRuns: 60 },
    )
  })

  test('[ST21] the last, any one, and a range from its top down', () => {
    const { segments } = fixture.store
    expect(segments.last(log)).toBeUndefined()
    for (const seq of [0, 1, 2, 5]) segments.insert(segment(seq))
    expect(segments.last(log)?.seq).toBe(5)
    expect([...(segments.link(log, 1)?.segmentId ?? [])]).toEqual([1, 1])
    expect(segments.link(log, 3)).toBeUndefined()
    expect([...segments.downFrom(log, { from: 1, to: 5 })].map(({ seq }) => seq)).toEqual([5, 2, 1])
    expect(segments.totals()).toEqual({ segments: 4, records: 40 })
  })

  test('[ST21] the head that vouches for a segment is the nearest at or above it', () => {
    const { segments } = fixture.store
    for (const seq of [2, 6]) segments.insertHead(log, seq, Uint8Array.of(seq))
    expect([0, 2, 3, 6, 7].map((seq) => segments.headAtOrAbove(log, seq)?.seq)).toEqual([2, 2, 6, 6, undefined])
    segments.insertHead(log, 2, Uint8Array.of(42))
    expect(segments.headAtOrAbove(log, 1)?.signature[0]).toBe(42)
  })

  test('[ST21] epochs cover contiguous ranges of a log', () => {
    const { segments } = fixture.store
    for (const [seq, epoch] of [0, 0, 1, 3, 3].entries()) segments.insert(segment(seq, { epoch }))
    expect(segments.epochRanges(log)).toEqual([
      { epoch: 0, from: 0, to: 1 },
      { epoch: 1, from: 2, to: 2 },
      { epoch: 3, from: 3, to: 4 },
    ])
  })

  test('[ST23] segments of a range come by latest time, without being opened, up to the row that was last then', () => {
    const { segments, logs } = fixture.store
    const other = logs.add(describeLog('other', { author: device('you') }), false).rowId
    const at = (seq: number, min: bigint, max: bigint, of = log): number =>
      segments.insert(segment(seq, { log: of, minUnixNano: min, maxUnixNano: max, records: seq + 1, rawBytes: 10 }))
    const ids = [at(0, 1n, 5n), at(1, 30n, 40n), at(2, 5n, 20n), at(3, 20n, 20n), at(0, 1n, 99n, other)]
    const upTo = segments.lastId()
    at(4, 10n, 15n)
    const idsIn = (from: bigint, to: bigint): unknown[] =>
      [...segments.latest(log, { from, to }, upTo)].map(({ id }) => ids.indexOf(id))
    expect(idsIn(0n, 2n ** 63n - 1n)).toEqual([1, 3, 2, 0])
    expect(idsIn(6n, 29n)).toEqual([3, 2])
    expect(idsIn(41n, 50n)).toEqual([])
    const [first] = segments.latest(log, { from: 0n, to: 50n }, upTo)
    expect(first).toMatchObject({ id: ids[1], log, minUnixNano: 30n, maxUnixNano: 40n, records: 2, rawBytes: 10 })
    expect(segments.times(ids[1] as number)).toEqual(first)
    const among = segments.timesAmong([...ids.slice(1), 99], { from: 6n, to: 30n })
    expect(among.map(({ id }) => ids.indexOf(id)).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4])
    expect(among[0]).toEqual(first)
    expect(segments.rangeTotals(log, { from: 6n, to: 40n }, upTo)).toEqual({ segments: 3, edgeSegments: 1, records: 6 })
    expect(segments.rangeTotals(log, { from: 41n, to: 50n }, upTo)).toEqual({
      segments: 0,
      edgeSegments: 0,
      records: 0,
    })
  })

  test('[ST23] reading a range holds nothing open: what is written or deleted between two segments does not hurt', () => {
    const { segments, db } = fixture.store
    for (let seq = 0; seq < 600; seq++) segments.insert(segment(seq, { maxUnixNano: 5n }))
    const reading = segments.latest(log, { from: 0n, to: 10n }, segments.lastId())
    const seen = [reading.next().value?.id]
    segments.insert(segment(600, { maxUnixNano: 5n }))
    db.exec('DELETE FROM segment WHERE id <= 100')
    for (const { id } of reading) seen.push(id)
    expect(seen).toEqual(Array.from({ length: 500 }, (_, i) => 600 - i))
  })

  test('[ST23] a range is answered from the index alone', () => {
    const plan = fixture.store.db
      .prepare(
        `EXPLAIN QUERY PLAN SELECT id, min_nano, max_nano, records, raw_bytes FROM segment
         WHERE log = 1 AND max_nano >= 1 AND min_nano <= 9 AND pack > 0 AND (max_nano, id) < (9, 9) ORDER BY max_nano DESC, id DESC`,
      )
      .all() as { detail: string }[]
    expect(plan.map(({ detail }) => detail).join()).toMatch(/^SEARCH segment USING COVERING INDEX segment_time [^,]*$/)
  })

  test('[ST21] deleting a log takes its segments, heads and index rows, and no others', () => {
    const { segments, traces, logs } = fixture.store
    const other = logs.add(describeLog('other'), true).rowId
    const entries = found(entry(1))
    traces.insert(segments.insert(segment(0)), entries)
    traces.insert(segments.insert(segment(0, { log: other })), entries)
    segments.insertHead(log, 0, Uint8Array.of(1))
    traces.deleteLog(log)
    expect(segments.deleteLog(log)).toBe(1)
    expect(segments.headAtOrAbove(log, 0)).toBeUndefined()
    expect(finish(traces.segmentsOf(traceIdOf(1), Number.MAX_SAFE_INTEGER)).length).toBe(1)
  })
})

describe('the trace index', () => {
  test('[IX10] among more ids than are looked at a start of one is not guessed', () => {
    const { segments, traces } = fixture.store
    const idOf = (n: number): TraceId => `000000${'ab'.repeat(10)}${n.toString(16).padStart(6, '0')}` as TraceId
    for (let at = 0; at < 600; at += 100) {
      const ofSegment = Array.from({ length: 100 }, (_, i) => ({ ...entry(1), traceId: idOf(at + i) }))
      traces.insert(segments.insert(segment(at / 100)), found(...ofSegment))
    }
    expect(traces.idsFrom('000000', 2)).toHaveLength(2)
    expect(traces.idsFrom('000000ff', 2)).toBeUndefined()
    expect(traces.idsFrom(idOf(7), 2)).toEqual([idOf(7)])
  })

  test('[ST22] times keep every nanosecond, up to the last that may be', () => {
    const { segments, traces } = fixture.store
    const latest = 2n ** 63n - 1n
    const id = segments.insert(segment(0))
    traces.insert(id, found(entry(1, { startUnixNano: latest - 1n, endUnixNano: latest })))
    expect(finish(traces.segmentsOf(traceIdOf(1), Number.MAX_SAFE_INTEGER))).toMatchObject([
      {
        traceId: traceIdOf(1),
        segment: id,
        startUnixNano: latest - 1n,
        endUnixNano: latest,
        spans: 1,
        errors: 0,
        rootName: undefined,
      },
    ])
  })

  test('[ST22] the segments of a trace come by its earliest start in each', () => {
    const { segments, traces } = fixture.store
    const at = (seq: number, trace: number, startUnixNano: bigint): void =>
      traces.insert(segments.insert(segment(seq, { maxUnixNano: 1_000n })), found(entry(trace, { startUnixNano })))
    at(0, 1, 100n)
    at(1, 2, 300n)
    at(2, 1, 400n)
    at(3, 3, 200n)
    const upTo = segments.lastId()
    expect(finish(traces.segmentsOf(traceIdOf(1), upTo)).map(({ startUnixNano }) => startUnixNano)).toEqual([
      100n,
      400n,
    ])
    expect(finish(traces.segmentsOf(traceIdOf(1), upTo - 2)).map(({ startUnixNano }) => startUnixNano)).toEqual([100n])
  })
})
