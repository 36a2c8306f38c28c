/**
 * A paired device that keeps to no rule: messages that are none, or come at the wrong time. Each wrong has its code, is counted, leaves nothing behind, and harms
 * neither other sessions nor, where the wrong is about one log, its own.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Incarnation, LogId } from '../../src/model/ids.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import type { LogRange } from '../../src/wire/log-rows.ts'
import type { SyncMessage } from '../../src/wire/sync-message-types.ts'
import { encodeSyncMessage } from '../../src/wire/sync-messages.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'
import { RawOwner } from '../support/raw-owner.ts'
import { type RawPeer } from '../support/raw-peer.ts'
import { Attack } from '../support/attack.ts'

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

describe('before anything else', () => {
  const hello = (changes: object) => async () => encodeSyncMessage({ ...(await raw.hello()), ...changes })
  test.each<[string, string, () => Promise<Uint8Array>]>([
    ['noise', 'FRAME_VERSION', async () => new Uint8Array(64).fill(0xff)],
    ['a frame over its limit', 'FRAME_TOO_LARGE', async () => Uint8Array.of(1, 1, 0xff, 0xff, 0xff, 0xff)],
    ['a frame of no known kind', 'SYNC_KIND', async () => encodeFrame({ kind: 31, payload: new Uint8Array(1) })],
    ['a pairing message', 'SYNC_KIND', async () => encodeFrame({ kind: 32, payload: new Uint8Array(1) })],
    ['a message that is no CBOR', 'CBOR_MALFORMED', async () => encodeFrame({ kind: 1, payload: new Uint8Array(9) })],
    [
      '[SE1] a want instead of hello',
      'SYNC_NO_HELLO',
      async () => encodeSyncMessage({ type: 'want', ranges: [], budgetBytes: 1 }),
    ],
    [
      '[SE1] membership instead of hello',
      'SYNC_NO_HELLO',
      async () => encodeSyncMessage({ type: 'members', opIds: [] }),
    ],
    ['[SE2] a hello of another mesh', 'SYNC_OTHER_MESH', hello({ mesh: 'ab'.repeat(16) })],
    ['[SE2] a version nobody knows', 'SYNC_VERSION_UNKNOWN', hello({ versions: [4, 99] })],
    ['[SE2] the name of another member', 'SYNC_NOT_A_MEMBER', async () => hello({ deviceId: friend.id })()],
    ['[SE2] the name of nobody', 'SYNC_NOT_A_MEMBER', hello({ deviceId: 'cd'.repeat(32) })],
  ])('%s ends the session with %s', async (_, code, bytes) => {
    const session = await raw.dial(victim)
    await session.bytes(await bytes())
    expect(session.refusal).toMatch(code === 'CBOR_MALFORMED' ? /^(?:CBOR|WIRE)_/ : code)
    expect(session.hasEnded).toBe(true)
    expect(victim.sessionFailures).toEqual([session.refusal])
    expect(at.counted(session.refusal ?? '')).toBe(1)
    expect(session.all('control-heads')).toEqual([])
  })

  test('half a frame and then nothing is silence', async () => {
    const session = await raw.dial(victim)
    await session.bytes(Uint8Array.of(1, 1, 0, 0))
    await world.advance(65_000, 5_000)
    expect(session.hasEnded).toBe(true)
    expect(at.counted('SYNC_SILENT')).toBe(1)
  })
})

describe('out of order', () => {
  const range = (): LogRange => ({
    author: mallory.id,
    log: 'aa'.repeat(16) as LogId,
    incarnation: 'bb'.repeat(16) as Incarnation,
    from: 0,
    to: 0,
  })
  test.each<[string, string, () => Promise<readonly SyncMessage[]>]>([
    ['[SE1] a second hello', 'SYNC_OUT_OF_ORDER', async () => [await raw.hello()]],
    [
      '[SE10] a segment nobody asked for',
      'SYNC_OUT_OF_ORDER',
      async () => [{ type: 'segment', header: new Uint8Array(9), sealed: new Uint8Array(9) }],
    ],
    ['[SE10] a run nobody asked for', 'SYNC_OUT_OF_ORDER', async () => [{ type: 'run-end', ...range() }]],
    ['[SE10] the end of a want that is not', 'SYNC_OUT_OF_ORDER', async () => [{ type: 'want-end', reason: 'done' }]],
    [
      '[SE5] an answer to no digest',
      'SYNC_OUT_OF_ORDER',
      async () => [{ type: 'heads-wanted' }, { type: 'heads-wanted' }],
    ],
    [
      '[SE5] a digest twice',
      'SYNC_OUT_OF_ORDER',
      async () => [
        { type: 'heads-digest', digest: new Uint8Array(32) },
        { type: 'heads-digest', digest: new Uint8Array(32) },
      ],
    ],
    [
      '[SE7] a want while one is served',
      'SYNC_OUT_OF_ORDER',
      async () => [
        { type: 'want', ranges: [range()], budgetBytes: 1 },
        { type: 'want', ranges: [range()], budgetBytes: 1 },
      ],
    ],
  ])('%s ends the session with %s', async (_, code, messages) => {
    const session = await at.opened()
    const hold = victim.hold('readRun')
    await session.say(...(await messages()))
    hold()
    await world.settle()
    expect(session.refusal).toBe(code)
    expect(at.counted(code)).toBe(1)
  })

  test('messages of a later state do nothing in an earlier one: keys, heads and wants before control heads', async () => {
    const session = await raw.greet(victim)
    await session.say(
      { type: 'want', ranges: [range()], budgetBytes: 1 << 20 },
      { type: 'heads', rows: owner.rows(), last: true },
    )
    expect(session.all('want-end')).toEqual([{ type: 'want-end', reason: 'denied' }])
    expect(session.refusal).toBeUndefined()
    expect(session.all('heads')).toEqual([])
  })
})
