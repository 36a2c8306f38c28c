import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CUT_AFTER_MS, LIVE_CUT_AFTER_MS } from '../../../../src/agent/keeper/cut-timer.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { equalBytes } from '../../../../src/base/bytes.ts'
import { MAX_SEGMENT_RAW_BYTES, MAX_SEGMENT_RECORDS } from '../../../../src/model/segment.ts'
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts'
import { CUT_BYTES, CUT_RECORDS } from '../../../../src/store/segment-writer.ts'
import { decodeSpans } from '../../../../src/wire/otlp/decode-traces.ts'
import { decodeSegmentHeader, segmentId } from '../../../../src/wire/segment-header.ts'
import { verifyHead } from '../../../../src/wire/signed-head.ts'
import { keeperHome, type KeeperHome } from '../../../support/keeper-home.ts'
import { manySpans, traceIdOf, traces } from '../../../support/otlp-records.ts'
import { openAll } from '../../../support/finish.ts'

const OTLP = { kind: 'otlp' } as const
const DAY_MS = 86_400_000
let home: KeeperHome
let keeper: Keeper

beforeEach(async () => {
  home = keeperHome()
  keeper = home.create()
  await keeper.setStage('developer')
})
afterEach(() => home.remove())

/** Names of the spans of a trace that the next query shows, sorted. */
function spansOf(of: Keeper, trace: number): readonly string[] {
  return openAll(of.records.chunksOf(traceIdOf(trace)))
    .flatMap(({ payload }) => decodeSpans(payload))
    .flatMap(({ traceId, name }) => (traceId === traceIdOf(trace) ? [name] : []))
    .sort()
}

function journalRows(of: Keeper): number {
  return (of.store.db.prepare('SELECT count(*) AS n FROM journal').get() as { n: number }).n
}

/** Every segment of the device's logs, oldest first. */
function segments(of: Keeper) {
  return of.store.logs
    .all()
    .flatMap((log) => [...of.store.segments.downFrom(log.rowId, { from: 0, to: 1_000_000 })].toReversed())
}

describe('traces by the start of their ids', () => {
  test('[QU21] open and sealed ones are found, each once', async () => {
    await keeper.intake.take('traces', traces('app', { trace: 1, span: 1, name: 'hello' }), OTLP)
    const [id] = keeper.records.idsFrom(traceIdOf(1).slice(0, 8), 2) ?? []
    expect(id).toBe(traceIdOf(1))
    home.clock.advance(CUT_AFTER_MS)
    await keeper.intake.take('traces', traces('app', { trace: 1, span: 2, name: 'again' }), OTLP)
    expect(keeper.records.idsFrom(traceIdOf(1), 2)).toEqual([traceIdOf(1)])
  })
})

describe('acknowledged', () => {
  test('[ST10] an answer comes after the commit: in the journal, and visible to the next query', async () => {
    const admitted = await keeper.intake.take('traces', traces('app', { trace: 1, span: 1, name: 'hello' }), OTLP)
    expect(admitted).toMatchObject({ accepted: 1, dropped: 0, rejected: undefined })
    expect(journalRows(keeper)).toBe(1)
    expect(spansOf(keeper, 1)).toEqual(['hello'])
  })

  test('[ST10] requests that wait together share one commit, and none is answered before it', async () => {
    const answered: number[] = []
    const takes = [1, 2, 3].map(async (span) => {
      await keeper.intake.take('traces', traces('app', { trace: 1, span }), OTLP)
      answered.push(journalRows(keeper))
    })
    expect(journalRows(keeper)).toBe(0)
    await Promise.all(takes)
    expect(answered).toEqual([3, 3, 3])
  })

  test('[ST11] what a crash leaves in the journal is there once after reopening, chained', async () => {
    await keeper.intake.take('traces', traces('app', { trace: 1, span: 1 }), OTLP)
    await keeper.intake.take('traces', traces('app', { trace: 1, span: 2 }), OTLP)
    const next = home.crashCopy()
    const reopened = next.reopen()
    expect(spansOf(reopened, 1)).toEqual(['span 1', 'span 2'])
    expect(journalRows(reopened)).toBe(0)
    expect(reopened.store.segments.totals()).toEqual({ segments: 1, records: 2 })
    expect(openAll(reopened.records.chunksOf(traceIdOf(1))).map(({ provenance }) => provenance)).toEqual(['verified'])
  })

  test('[ST11] a second crash right after reopening keeps everything once', async () => {
    await keeper.intake.take('traces', traces('app', { trace: 1, span: 1 }), OTLP)
    const second = home.crashCopy()
    const again = second.reopen()
    await again.intake.take('traces', traces('app', { trace: 1, span: 2 }), OTLP)
    const third = second.crashCopy().reopen()
    expect(spansOf(third, 1)).toEqual(['span 1', 'span 2'])
  })

  test('[ST10] closing cuts what is open, and the same log goes on after reopening', async () => {
    await keeper.intake.take('traces', traces('app', { trace: 1, span: 1 }), OTLP)
    keeper.close()
    const reopened = home.reopen()
    await reopened.intake.take('traces', traces('app', { trace: 1, span: 2 }), OTLP)
    reopened.writer.cut(() => true)
    expect(segments(reopened).map(({ seq }) => seq)).toEqual([0, 1])
    expect(reopened.store.logs.all().length).toBe(1)
  })
})

describe('cutting', () => {
  test('[ST12] the 256th record of a log cuts a segment at once', async () => {
    await keeper.intake.take('traces', manySpans('app', 1, 1, CUT_RECORDS - 1), OTLP)
    expect(keeper.store.segments.totals().segments).toBe(0)
    await keeper.intake.take('traces', manySpans('app', 1, CUT_RECORDS, 1), OTLP)
    expect(keeper.store.segments.totals()).toEqual({ segments: 1, records: CUT_RECORDS })
    expect(journalRows(keeper)).toBe(0)
  })

  test('[ST12] 64 KiB of payload cut a segment at once, one byte less does not', async () => {
    const base = traces('app', { trace: 1, span: 1, text: 'x'.repeat(60_000) }).length
    const room = CUT_BYTES - base
    const oneShort = traces('app', { trace: 1, span: 1, text: 'x'.repeat(60_000 + room - 1) })
    expect(oneShort.length).toBe(CUT_BYTES - 1)
    await keeper.intake.take('traces', oneShort, OTLP)
    expect(keeper.store.segments.totals().segments).toBe(0)
    const full = traces('other', { trace: 1, span: 2, text: 'x'.repeat(60_000 + room - 2) })
    expect(full.length).toBe(CUT_BYTES)
    await keeper.intake.take('traces', full, OTLP)
    expect(keeper.store.segments.totals().segments).toBe(1)
  })

  test('[ST12] open records are cut after five seconds, counted from the oldest, and not before', async () => {
    await keeper.intake.take('traces', traces('app', { trace: 1, span: 1 }), OTLP)
    home.clock.advance(CUT_AFTER_MS - LIVE_CUT_AFTER_MS)
    await keeper.intake.take('traces', traces('app', { trace: 1, span: 2 }), OTLP)
    expect(keeper.store.segments.totals().segments).toBe(0)
    home.clock.advance(LIVE_CUT_AFTER_MS)
    expect(keeper.store.segments.totals()).toEqual({ segments: 1, records: 2 })
    expect(keeper.writer.hasOpen()).toBe(false)
  })

  test('[ST12] a cut in one log leaves the other logs open', async () => {
    await keeper.intake.take('traces', traces('quiet', { trace: 1, span: 1 }), OTLP)
    await keeper.intake.take('traces', manySpans('busy', 1, 10, CUT_RECORDS), OTLP)
    expect(keeper.writer.openRecords()).toBe(1)
    expect(keeper.store.segments.totals()).toEqual({ segments: 1, records: CUT_RECORDS })
  })

  test('[ST13] a flood in one commit becomes segments within the hard limits, in order', async () => {
    const text = 'y'.repeat(200_000)
    const spans = Array.from({ length: 12 }, (_, i) => ({ trace: 1, span: i + 1, text }))
    const many = Promise.all([
      keeper.intake.take('traces', traces('big', ...spans), OTLP),
      ...Array.from({ length: 5 }, (_, i) =>
        keeper.intake.take('traces', manySpans('many', 2, i * 1000 + 1, 1000), OTLP),
      ),
    ])
    await many
    const all = segments(keeper)
    expect(Math.max(...all.map(({ records }) => records))).toBeLessThanOrEqual(MAX_SEGMENT_RECORDS)
    expect(Math.max(...all.map(({ rawBytes }) => rawBytes))).toBeLessThanOrEqual(MAX_SEGMENT_RAW_BYTES)
    expect(all.length).toBeGreaterThan(3)
    expect(spansOf(keeper, 1).length).toBe(12)
    expect(spansOf(keeper, 2).length).toBe(5000)
  })

  test('[ST14] a new epoch begins a new segment: what is open of the old one is cut first', async () => {
    await keeper.intake.take('traces', traces('app', { trace: 1, span: 1 }), OTLP)
    home.clock.setWall(home.clock.now() + DAY_MS)
    await keeper.intake.take('traces', traces('app', { trace: 1, span: 2 }), OTLP)
    expect(segments(keeper).map(({ epoch, records }) => ({ epoch, records }))).toEqual([{ epoch: 0, records: 1 }])
    keeper.writer.cut(() => true)
    expect(segments(keeper).map(({ epoch }) => epoch)).toEqual([0, 1])
  })
})

describe('the chain', () => {
  test('[ST15] headers are contiguous, name the one before, and every cut leaves a signed head', async () => {
    for (let i = 0; i < 4; i++) {
      await keeper.intake.take('traces', manySpans('app', 1, i * 300 + 1, 300), OTLP)
    }
    const [log] = keeper.store.logs.all()
    const all = segments(keeper)
    expect(all.map(({ seq }) => seq)).toEqual([0, 1, 2, 3])
    let prev: Uint8Array | undefined
    for (const { header, segmentId: stored, seq } of all) {
      const decoded = decodeSegmentHeader(header)
      expect(decoded).toMatchObject({ seq, author: keeper.card.deviceId, log: log?.log, incarnation: log?.incarnation })
      expect(decoded.prev === undefined ? undefined : [...decoded.prev]).toEqual(prev && [...prev])
      prev = segmentId(header, nodeCrypto.sha256)
      expect(equalBytes(prev, stored)).toBe(true)
      const head = keeper.store.segments.headAtOrAbove(log?.rowId ?? 0, seq)
      const { author, log: id, incarnation } = decoded
      const signature = head?.signature ?? new Uint8Array()
      expect(verifyHead(nodeCrypto, { author, log: id, incarnation, seq, id: prev, signature })).toBe(true)
    }
  })

  test('[ST15] several segments of one cut have one signed head, at the last of them', async () => {
    const text = 'z'.repeat(250_000)
    const spans = Array.from({ length: 9 }, (_, i) => ({ trace: 1, span: i + 1, text }))
    await keeper.intake.take('traces', traces('app', ...spans), OTLP)
    const heads = keeper.store.db.prepare('SELECT seq FROM head').all() as { seq: number }[]
    const last = segments(keeper).at(-1)?.seq ?? 0
    expect(last).toBeGreaterThan(0)
    expect(heads).toEqual([{ seq: last }])
    expect(openAll(keeper.records.chunksOf(traceIdOf(1))).map(({ provenance }) => provenance)).toEqual(
      Array.from({ length: last + 1 }, () => 'verified'),
    )
  })
})
