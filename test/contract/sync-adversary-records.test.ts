/**
 * A paired device that keeps to no rule: heads and runs. Each wrong has its code, is counted, leaves nothing behind, and harms
 * neither other sessions nor, where the wrong is about one log, its own.
 */
import { zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { GrantId, Incarnation, LogId } from '../../src/model/ids.ts'
import { MAX_SEGMENT_RAW_BYTES } from '../../src/model/segment.ts'
import { PROBE_EVERY_MS } from '../../src/sync/clock-probe.ts'
import { MAX_OFFERED_HEADS } from '../../src/sync/offer-book.ts'
import type { HeadRow, LogRange } from '../../src/wire/log-rows.ts'
import type { SyncMessage } from '../../src/wire/sync-message-types.ts'
import { encodeSyncMessage } from '../../src/wire/sync-messages.ts'
import type { SegmentBody } from '../../src/wire/segment-body.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'
import { manySpans } from '../support/otlp-records.ts'
import { heldMemory } from '../support/held-memory.ts'
import { bodyOf, RawOwner, runMessages } from '../support/raw-owner.ts'
import type { RawSession } from '../support/raw-peer.ts'
import { Attack, wantedBy } from '../support/attack.ts'

let at: Attack
let world: MeshWorld
let victim: MeshDevice
let mallory: MeshDevice
let friend: MeshDevice
let owner: RawOwner
let grantId: GrantId
beforeEach(async () => {
  at = await Attack.begin()
  ;({ world, victim, mallory, friend, owner, grantId } = at)
})
afterEach(() => at.end())

describe('heads', () => {
  test('[RC6] [SE9] two heads at one place freeze the log and are counted; other logs of that owner go on', async () => {
    const session = await at.opened()
    const log = owner.log()
    await session.say({
      type: 'heads',
      rows: [owner.row(log, { from: 0, to: 2 }, new Uint8Array(32).fill(7))],
      last: true,
    })
    expect(wantedBy(session)).toEqual([])
    expect(session.hasEnded).toBe(false)
    expect(at.counted('SYNC_FORK')).toBe(1)
    await session.say({ type: 'heads', rows: owner.rows(), last: true })
    expect(wantedBy(session)).toEqual([])
  })

  test.each<[string, (row: HeadRow) => HeadRow]>([
    [
      'a signature that was altered',
      (row) => ({ ...row, signature: row.signature.map((byte, i) => (i === 9 ? byte ^ 1 : byte)) }),
    ],
    ['an id that was altered', (row) => ({ ...row, id: row.id.map((byte) => byte ^ 1) })],
    ['a number that was altered', (row) => ({ ...row, to: row.to + 1 })],
    ['another author', (row) => ({ ...row, author: friend.id })],
  ])('%s ends the session with SYNC_BAD_HEAD', async (_, change) => {
    const session = await at.opened()
    await session.say({ type: 'heads', rows: owner.rows().map(change), last: true })
    expect(session.refusal).toBe('SYNC_BAD_HEAD')
    expect(at.counted('SYNC_BAD_HEAD')).toBe(1)
  })

  test('[CA12] a true head of another member may be carried by anybody: it is not asked about where its owner opens nothing of it', async () => {
    await world.recorded(friend, manySpans('app', 1, 1, 1))
    const session = await at.opened()
    const log = friend.keeper.store.logs.ofAuthor(friend.id)[0]
    const rows = friend.keeper.serving.rowsFor(victim.id).filter((row) => row.log === log?.log)
    await session.say({ type: 'heads', rows, last: true })
    expect(wantedBy(session)).toEqual([])
    expect(session.hasEnded).toBe(false)
  })

  test('heads of logs that were never named are asked nothing about', async () => {
    const session = await at.opened()
    const key = { author: mallory.id, log: 'ee'.repeat(16) as LogId, incarnation: 'ff'.repeat(16) as Incarnation }
    await session.say({
      type: 'heads',
      rows: [owner.row(key, { from: 0, to: Number.MAX_SAFE_INTEGER }, new Uint8Array(32))],
      last: true,
    })
    expect(wantedBy(session)).toEqual([])
    expect(session.hasEnded).toBe(false)
  })

  test('a head that claims more than the world holds costs one request of bounded size', async () => {
    const session = await at.opened()
    const rows = [owner.row(owner.log(), { from: 0, to: Number.MAX_SAFE_INTEGER - 1 }, new Uint8Array(32))]
    await session.say({ type: 'heads', rows, last: true })
    const segments = wantedBy(session).reduce((sum, { from, to }) => sum + to - from + 1, 0)
    expect(segments).toBeGreaterThan(0)
    expect(segments).toBeLessThanOrEqual(1024)
    expect(encodeSyncMessage(session.all('want').at(-1) as SyncMessage).length).toBeLessThan(100_000)
  })

  test('[SE15] more heads than are remembered end the session', async () => {
    const session = await at.opened()
    const row = (n: number): HeadRow => {
      const log = n.toString(16).padStart(32, '0') as LogId
      return owner.row(
        { author: mallory.id, log, incarnation: 'ff'.repeat(16) as Incarnation },
        { from: 0, to: 1 },
        new Uint8Array(32),
      )
    }
    for (let n = 0; n <= MAX_OFFERED_HEADS; n += 1024) {
      await session.say({ type: 'heads', rows: Array.from({ length: 1024 }, (_, i) => row(n + i)), last: false })
    }
    expect(session.refusal).toBe('SYNC_TOO_MANY_HEADS')
  })
})

describe('runs', () => {
  /** Offers one segment more than the victim has and answers its want with what the case makes of it. */
  async function serve(
    body: SegmentBody,
    change: (sealed: { header: Uint8Array; sealed: Uint8Array }, range: LogRange) => readonly SyncMessage[] = (
      sealed,
      range,
    ) => runMessages(range, [sealed]),
  ): Promise<RawSession> {
    const session = await at.opened()
    const { row, sealed } = at.forged(body)
    await session.say({ type: 'heads', rows: [row], last: true })
    const [range] = wantedBy(session)
    if (range === undefined) throw new Error('nothing was asked for')
    await session.say(...change(sealed, range))
    return session
  }
  const honest = (): SegmentBody => bodyOf(manySpans('app', 5, 500, 2), 2)
  /** A header or a body that is none has the code of its decoder. */
  const MALFORMED = /^(?:WIRE|CBOR|SEGMENT|HEADER)_/
  const flip = (bytes: Uint8Array, n: number): Uint8Array => bytes.map((byte, i) => (i === n ? byte ^ 1 : byte))

  test('[SE20] an owner that offers and does not serve is not in step, however often it is heard', async () => {
    const session = await at.opened()
    const answer = async (): Promise<void> => {
      const { t1 = 0 } = session.all('ping').at(-1) ?? {}
      await session.say({ type: 'pong', t1, t2: t1, t3: t1 })
    }
    const digest = mallory.keeper.serving.digestFor(victim.id)
    await session.say({ type: 'heads-digest', digest })
    expect(session.all('in-sync')).toHaveLength(1)
    await session.say({ type: 'heads', rows: [at.forged(honest()).row], last: true })
    expect(session.all('want')).toHaveLength(1)
    const { syncedUnixMs } = victim.keeper.peers.get(mallory.id)
    for (let n = 0; n < 10; n++) {
      await world.advance(PROBE_EVERY_MS, 5_000)
      await answer()
    }
    const after = victim.keeper.peers.get(mallory.id)
    expect(after.clock).toBeDefined() // the pongs were taken
    expect(after).toMatchObject({ syncedUnixMs, pending: 1 })
    expect(session.hasEnded).toBe(false)
  })

  test('what is right is taken: the cases below differ from this one in one thing', async () => {
    const session = await serve(honest())
    expect(victim.recordsOf(mallory.id)).toBe(5)
    expect(session.all('ack')).toHaveLength(1)
  })

  test.each<[string, string, Parameters<typeof serve>[1]]>([
    [
      'ciphertext that was altered',
      'SYNC_TAMPERED',
      ({ header, sealed }, range) => runMessages(range, [{ header, sealed: flip(sealed, 3) }]),
    ],
    [
      'ciphertext that was cut',
      'SYNC_TAMPERED',
      ({ header, sealed }, range) => runMessages(range, [{ header, sealed: sealed.slice(0, -1) }]),
    ],
    [
      'a header that was altered',
      'SYNC_BROKEN_CHAIN',
      ({ header, sealed }, range) => runMessages(range, [{ header: flip(header, header.length - 1), sealed }]),
    ],
    [
      'a header that is none',
      'WIRE',
      (_, range) => runMessages(range, [{ header: new Uint8Array(40), sealed: new Uint8Array(40) }]),
    ],
    ['[RC7] no segment at all', 'SYNC_GAP', (_, range) => runMessages(range, [])],
    ['[RC7] a segment twice', 'SYNC_GAP', (sealed, range) => runMessages(range, [sealed, sealed])],
    [
      'the segment of another log',
      'SYNC_BROKEN_CHAIN',
      (_, range) => runMessages(range, owner.segments({ ...otherLog(), from: 0, to: 0 })),
    ],
    [
      'a segment that the victim has, in the place of another',
      'SYNC_GAP',
      (_, range) => runMessages(range, owner.segments({ ...range, from: 0, to: 0 })),
    ],
  ])('%s: the run is refused with %s, its log is frozen, the session goes on', async (_, code, change) => {
    await world.until(mallory.record(manySpans('other', 1, 90, 1)))
    mallory.cut()
    await world.settle()
    const session = await serve(honest(), change)
    expect(await refusal(session)).toEqual(frozen(code === 'WIRE' ? expect.stringMatching(MALFORMED) : code))
  })

  function otherLog(): LogRange {
    const { author, log, incarnation } = owner.log('traces', 'otlp/other')
    return { author, log, incarnation, from: 0, to: 0 }
  }

  /** What came of one bad run: everything of it but the code is the same for all. */
  async function refusal(session: RawSession): Promise<object> {
    const [code = '', ...more] = at.refusedRuns()
    const counted = at.counted(code)
    await session.say({ type: 'want-end', reason: 'done' })
    const asked = session.all('want').length
    await session.say({ type: 'heads', rows: owner.rows(), last: true })
    await session.say({ type: 'heads', rows: [at.forged(honest()).row], last: true })
    const isAskedMore = session.all('want').length > asked
    return { code, more, counted, kept: victim.recordsOf(mallory.id), isAskedMore, hasEnded: session.hasEnded }
  }
  const frozen = (code: unknown): object => ({
    code,
    more: [],
    counted: 1,
    kept: 3,
    isAskedMore: false,
    hasEnded: false,
  })

  test.each<[string, string, () => SegmentBody]>([
    [
      'a zstd bomb',
      'SYNC_BAD_PAYLOAD',
      () =>
        bodyOf(new Uint8Array(1), 1, {
          rawBytes: MAX_SEGMENT_RAW_BYTES,
          payload: new Uint8Array(zstdCompressSync(new Uint8Array(256 << 20))),
        }),
    ],
    [
      'a payload that is no zstd',
      'SYNC_BAD_PAYLOAD',
      () => bodyOf(new Uint8Array(1), 1, { payload: new Uint8Array(50).fill(1) }),
    ],
    ['a payload longer than it says', 'SYNC_BAD_PAYLOAD', () => ({ ...honest(), rawBytes: 10 })],
    ['more records than it holds', 'SYNC_BAD_PAYLOAD', () => ({ ...honest(), records: 3 })],
    ['fewer records than it holds', 'SYNC_BAD_PAYLOAD', () => ({ ...honest(), records: 1 })],
    ['no OTLP', 'SYNC_BAD_PAYLOAD', () => bodyOf(new Uint8Array(300).fill(0x0b), 1)],
  ])('%s: the run is refused with %s, its log is frozen, the session goes on', async (_, code, body) => {
    const hostile = body()
    const before = await heldMemory()
    const session = await serve(hostile)
    expect(await refusal(session)).toEqual(frozen(code))
    expect((await heldMemory()) - before).toBeLessThan(64 << 20)
  })

  test('[SE10] a run larger than a run may be ends the session', async () => {
    const session = await serve(honest(), (sealed, range) =>
      runMessages(
        range,
        Array.from({ length: 65 }, () => sealed),
      ),
    )
    expect(session.refusal).toBe('SYNC_RUN_TOO_LARGE')
    expect(at.counted('SYNC_RUN_TOO_LARGE')).toBe(1)
    expect(victim.recordsOf(mallory.id)).toBe(3)
  })

  test('[SE10] a run over its bytes ends the session before it fills memory', async () => {
    const big = { header: new Uint8Array(100), sealed: new Uint8Array(1_200_000) }
    const session = await serve(honest(), () => Array.from({ length: 8 }, () => ({ type: 'segment' as const, ...big })))
    expect(session.refusal).toBe('SYNC_RUN_TOO_LARGE')
  })

  test('[SE10] another run than the one whose turn it is ends the session', async () => {
    const session = await serve(honest(), (sealed, range) => runMessages({ ...range, to: range.to + 1 }, [sealed]))
    expect(session.refusal).toBe('SYNC_OUT_OF_ORDER')
    expect(victim.recordsOf(mallory.id)).toBe(3)
  })

  test('[RC6] a history that was rewritten below the head is a fork, found when it meets what is held', async () => {
    const session = await at.opened()
    const log = owner.log()
    const rewritten = owner.forge(log, { seq: 3, prev: new Uint8Array(32).fill(3) }, honest())
    await session.say({ type: 'heads', rows: [owner.row(log, { from: 0, to: 3 }, rewritten.id)], last: true })
    const range = wantedBy(session)[0] as LogRange
    await session.say(...runMessages(range, [{ header: rewritten.headerBytes, sealed: rewritten.sealed }]))
    expect(await refusal(session)).toEqual(frozen('SYNC_FORK'))
  })

  test('a segment under a key that was never handed over is set aside, and taken when the key has come', async () => {
    const session = await at.opened()
    const log = owner.log()
    const [next] = [mallory.keeper.epochs.prepare('traces')]
    mallory.keeper.store.transaction(() => mallory.keeper.epochs.commit(next))
    const { row, sealed } = at.forged(honest())
    await session.say({ type: 'heads', rows: [row], last: true })
    await session.say(...runMessages(wantedBy(session)[0] as LogRange, [sealed]), { type: 'want-end', reason: 'done' })
    expect(victim.logged('a run was refused').map(({ fields }) => fields['code'])).toEqual(['SYNC_NO_KEY'])
    expect(session.all('want')).toHaveLength(1)
    const head = victim.keeper.consents.head(mallory.id, victim.id)
    await world.until(mallory.keeper.consents.handOver())
    await session.say({ type: 'control-entries', entries: owner.entries((head?.seq ?? -1) + 1) })
    await session.say(...runMessages(wantedBy(session)[0] as LogRange, [sealed]))
    expect(victim.recordsOf(mallory.id)).toBe(5)
    expect(log.module).toBe('otlp/app')
  })

  test('[CO10] what is sealed under the keys of a grant that was revoked is not asked for, and refused if it was under way', async () => {
    const session = await at.opened()
    const { row, sealed } = at.forged(honest())
    await session.say({ type: 'heads', rows: [row], last: true })
    const range = wantedBy(session)[0] as LogRange
    const head = victim.keeper.consents.head(mallory.id, victim.id)
    await world.until(mallory.api('revoke', grantId))
    await session.say({ type: 'control-entries', entries: owner.entries((head?.seq ?? -1) + 1) })
    await session.say(...runMessages(range, [sealed]), { type: 'want-end', reason: 'done' })
    expect(victim.logged('a run was refused').map(({ fields }) => fields['code'])).toEqual(['POLICY_NOT_SHARED'])
    expect(at.counted('POLICY_NOT_SHARED')).toBe(1)
    const asked = session.all('want').length
    await session.say({ type: 'heads', rows: [row], last: true })
    expect(session.all('want')).toHaveLength(asked)
    expect(victim.recordsOf(mallory.id)).toBe(3)
  })

  test.each(['done', 'budget', 'denied'] as const)(
    'an owner that ends every want with %s and nothing in it is not asked for ever',
    async (reason) => {
      const session = await at.opened()
      const { row } = at.forged(honest())
      await session.say({ type: 'heads', rows: [row], last: true })
      for (let n = 0; n < 5 && session.refusal === undefined; n++) {
        if (session.all('want').length > n) await session.say({ type: 'want-end', reason })
      }
      expect(session.all('want')).toHaveLength(1)
      expect(session.hasEnded).toBe(false)
    },
  )
})
