/**
 * A paired device that keeps to no rule: wants, floods, second links. Each wrong has its code, is counted, leaves nothing behind, and harms
 * neither other sessions nor, where the wrong is about one log, its own.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LogId } from '../../src/model/ids.ts'
import type { LogRange } from '../../src/wire/log-rows.ts'
import type { SyncMessage } from '../../src/wire/sync-message-types.ts'
import { encodeSyncMessage } from '../../src/wire/sync-messages.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'
import { manySpans } from '../support/otlp-records.ts'
import { heldMemory } from '../support/held-memory.ts'
import { bodyOf, RawOwner, runMessages } from '../support/raw-owner.ts'
import { type RawPeer } from '../support/raw-peer.ts'
import { Attack, wantedBy } from '../support/attack.ts'

let at: Attack
let world: MeshWorld
let victim: MeshDevice
let mallory: MeshDevice
let friend: MeshDevice
let raw: RawPeer
let owner: RawOwner
beforeEach(async () => {
  at = await Attack.begin()
  ;({ world, victim, mallory, friend, raw, owner } = at)
})
afterEach(() => at.end())

describe('wants', () => {
  const MAX = Number.MAX_SAFE_INTEGER
  test.each<[string, (log: LogRange) => LogRange]>([
    ['a log that no grant opens', (log) => log],
    ['every number there is', (log) => ({ ...log, from: 0, to: MAX })],
    ['numbers far beyond the end', (log) => ({ ...log, from: MAX - 1, to: MAX })],
    ['a log that does not exist', (log) => ({ ...log, log: '00'.repeat(16) as LogId })],
    ['a log of another author', () => ({ ...firstLog(friend), from: 0, to: 0 })],
    ['its own log, beyond its end', () => ({ ...firstLog(mallory), from: 5, to: 5 })],
  ])('%s is denied, and nothing is said of it', async (_, change) => {
    await world.recorded(victim, manySpans('private', 9, 1, 1))
    await world.recorded(friend, manySpans('app', 9, 2, 1))
    const session = await at.opened()
    const before = session.heard.length
    await session.say({ type: 'want', ranges: [change({ ...firstLog(victim), from: 0, to: 0 })], budgetBytes: MAX })
    expect(session.heard.slice(before)).toEqual([{ type: 'want-end', reason: 'denied' }])
  })

  test('two thousand ranges of everything cost one refusal', async () => {
    await world.recorded(victim, manySpans('private', 9, 1, 1))
    const session = await at.opened()
    const ranges = Array.from({ length: 2048 }, () => ({ ...firstLog(victim), from: 0, to: MAX }))
    await session.say({ type: 'want', ranges, budgetBytes: MAX })
    expect(session.all('want-end')).toEqual([{ type: 'want-end', reason: 'denied' }])
  })

  test('a granted log beside one that is not: what is granted comes, then the want is denied', async () => {
    await world.until(victim.grant(mallory, { lanes: ['traces'], modules: ['otlp/open'] }))
    await world.recorded(victim, manySpans('open', 9, 1, 1))
    await world.recorded(victim, manySpans('private', 9, 2, 1))
    const session = await at.opened()
    const logOf = (module: string) => {
      const { author, log, incarnation } =
        victim.keeper.store.logs.ofAuthor(victim.id).find((each) => each.module === module) ?? firstLog(victim)
      return { author, log, incarnation, from: 0, to: 0 }
    }
    await session.say({ type: 'want', ranges: [logOf('otlp/open'), logOf('otlp/private')], budgetBytes: 1 << 20 })
    expect(session.all('segment')).toHaveLength(1)
    expect(session.all('want-end')).toEqual([{ type: 'want-end', reason: 'denied' }])
  })

  function firstLog(device: MeshDevice) {
    const { author, log, incarnation } = device.keeper.store.logs.ofAuthor(device.id)[0] ?? owner.log()
    return { author, log, incarnation }
  }
})

describe('floods', () => {
  /** A peer that says everything and reads nothing. */
  async function flood(message: SyncMessage, count: number): Promise<void> {
    const session = await raw.greet(victim, false)
    await session.say({ type: 'control-heads', mine: undefined, yours: undefined })
    const frame = encodeSyncMessage(message)
    const batch = new Uint8Array(frame.length * 100)
    for (let n = 0; n < 100; n++) batch.set(frame, n * frame.length)
    for (let n = 0; n < count; n += 100) await session.bytes(batch)
  }

  test('[SE15] a peer that asks for consent again and again and never reads is cut off before it fills memory', async () => {
    for (let n = 0; n < 20; n++) await world.until(victim.grant(mallory, { purpose: String(n).padEnd(250, 'p') }))
    await world.recorded(victim, manySpans('app', 3, 1, 1))
    const before = await heldMemory()
    await flood({ type: 'control-heads', mine: undefined, yours: undefined }, 2_000)
    expect(at.counted('SYNC_NOT_READING')).toBe(1)
    expect((await heldMemory()) - before).toBeLessThan(64 << 20)
  })

  test.each<[string, SyncMessage]>([
    ['pings', { type: 'ping', t1: 1 }],
    ['acks', { type: 'ack', rows: [] }],
    ['empty heads', { type: 'heads', rows: [], last: false }],
    ['empty entries', { type: 'control-entries', entries: [] }],
  ])('%s without end cost little and end nothing', async (_, message) => {
    const before = await heldMemory()
    await flood(message, 3_000)
    expect(victim.sessionFailures).toEqual([])
    expect((await heldMemory()) - before).toBeLessThan(64 << 20)
  })

  test('answers to pings that were never sent move no clock', async () => {
    const session = await at.opened()
    const before = victim.keeper.peers.get(mallory.id).clock
    for (let n = 0; n < 20; n++) {
      const t = (victim.now + n) * 1000
      await session.say({
        type: 'pong',
        t1: Math.round(t) - 7,
        t2: Math.round(t) + 3_600_000_000,
        t3: Math.round(t) + 3_600_000_000,
      })
    }
    expect(victim.keeper.peers.get(mallory.id).clock).toEqual(before)
  })

  test('[SE13] a second link takes the place of the first, and its offers stand when the first ends at last', async () => {
    const first = await at.opened()
    const { row, sealed } = at.forged(bodyOf(manySpans('app', 5, 500, 2), 2))
    const release = victim.hold('digestOf')
    await first.say({ type: 'heads-digest', digest: new Uint8Array(32) }) // the first session is busy with this
    const second = await at.opened()
    await second.say({ type: 'heads', rows: [row], last: true })
    release()
    await world.settle()
    expect(first.hasEnded).toBe(true)
    await second.say(...runMessages(wantedBy(second)[0] as LogRange, [sealed]))
    expect(at.refusedRuns()).toEqual([])
    expect(victim.recordsOf(mallory.id)).toBe(5)
  })
})
