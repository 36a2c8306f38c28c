/**
 * A paired device that keeps to no rule: consent and keys. Each wrong has its code, is counted, leaves nothing behind, and harms
 * neither other sessions nor, where the wrong is about one log, its own.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { GrantId, Incarnation, LogId, OpId } from '../../src/model/ids.ts'
import { encodeConsentOp, consentOpId } from '../../src/wire/consent-op.ts'
import { encodeKeyHandover, type KeyHandover } from '../../src/wire/key-handover.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'
import { RawOwner } from '../support/raw-owner.ts'
import { Attack } from '../support/attack.ts'

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

describe('control entries', () => {
  const handover = (changes: Partial<KeyHandover> = {}): Uint8Array =>
    encodeKeyHandover({
      grantId,
      lane: 'traces',
      epoch: 77,
      epochStartedUnixMs: 1,
      laneKey: new Uint8Array(32).fill(9),
      modules: undefined,
      logs: [],
      ...changes,
    } as KeyHandover)
  const grantOp = (): OpId =>
    mallory.keeper.consents.records().find(({ grant }) => grant.grantId === grantId)?.grant.opId as OpId
  const friendGrant = () => victim.keeper.consents.records().find(({ grant }) => grant.owner === friend.id)?.grant
  const revokePlain = (): Uint8Array => encodeConsentOp({ kind: 'revoke', grantId, prev: grantOp(), atUnixMs: 1 })
  const keysOf = (device: MeshDevice): number => victim.keeper.store.epochs.received(device.id, 'traces').length
  const logRow = {
    log: '11'.repeat(16) as LogId,
    incarnation: '22'.repeat(16) as Incarnation,
    module: 'm',
    part: 'base',
    firstSeq: 0,
  }

  test.each<[string, string, () => Promise<readonly Uint8Array[]>]>([
    ['noise', 'CBOR', async () => [new Uint8Array(40)]],
    [
      'an entry that somebody else signed',
      'CONTROL_BAD_SIGNATURE',
      () => owner.seal([{ kind: 'consent', plaintext: revokePlain() }], { seed: friend.keys.device }),
    ],
    [
      'an entry in the name of another owner',
      'CONTROL_BAD_SIGNATURE',
      () => owner.seal([{ kind: 'consent', plaintext: revokePlain() }], { owner: friend.id }),
    ],
    [
      'an entry that is another owner’s, and true',
      'CONTROL_WRONG_LOG',
      async () => friend.keeper.consents.entriesFor(victim.id, 0),
    ],
    [
      'an entry for another recipient',
      'CONTROL_WRONG_LOG',
      () => owner.seal([{ kind: 'consent', plaintext: revokePlain() }], { recipient: friend.id }),
    ],
    [
      'an entry of another mesh',
      'CONTROL_WRONG_LOG',
      () => owner.seal([{ kind: 'consent', plaintext: revokePlain() }], { mesh: 'ab'.repeat(16) as never }),
    ],
    [
      'an entry after one that never came',
      'CONTROL_GAP',
      async () =>
        (
          await owner.seal([
            { kind: 'consent', plaintext: revokePlain() },
            { kind: 'consent', plaintext: revokePlain() },
          ])
        ).slice(1),
    ],
    [
      'another entry in a place that is taken',
      'CONTROL_FORK',
      async () => owner.seal([{ kind: 'consent', plaintext: revokePlain() }], { after: lastSeq() - 1 }),
    ],
    [
      'a consent operation that is none',
      'WIRE',
      () => owner.seal([{ kind: 'consent', plaintext: new Uint8Array(30) }]),
    ],
    [
      '[CT10] keys of a lane the grant does not name',
      'CONSENT_OUTSIDE_GRANT',
      () => owner.seal([{ kind: 'keys', opId: grantOp(), plaintext: handover({ lane: 'logs' }) }]),
    ],
    [
      'keys under a grant that does not exist',
      'CONSENT_OUTSIDE_GRANT',
      () =>
        owner.seal([{ kind: 'keys', opId: grantOp(), plaintext: handover({ grantId: '99'.repeat(16) as GrantId }) }]),
    ],
    [
      '[CT9] keys sealed under another grant’s operation',
      'CONSENT_OUTSIDE_GRANT',
      () => owner.seal([{ kind: 'keys', opId: 'aa'.repeat(32) as OpId, plaintext: handover() }]),
    ],
    [
      'keys under a grant of another owner',
      'CONSENT_OUTSIDE_GRANT',
      () =>
        owner.seal([
          {
            kind: 'keys',
            opId: friendGrant()?.opId as OpId,
            plaintext: handover({ grantId: friendGrant()?.grantId as GrantId }),
          },
        ]),
    ],
    [
      'keys for a part the grant does not name',
      'CONSENT_OUTSIDE_GRANT',
      () =>
        owner.seal([{ kind: 'keys', opId: grantOp(), plaintext: handover({ logs: [{ ...logRow, part: 'secret' }] }) }]),
    ],
    [
      'keys that are none',
      'WIRE',
      () => owner.seal([{ kind: 'keys', opId: grantOp(), plaintext: new Uint8Array(60) }]),
    ],
  ])('%s end the session with %s and are not kept', async (_, code, entries) => {
    const before = {
      head: victim.keeper.consents.head(mallory.id, victim.id)?.seq,
      keys: keysOf(mallory),
      friend: keysOf(friend),
    }
    const session = await at.opened()
    await session.say({ type: 'control-entries', entries: await entries() })
    if (code === 'WIRE' || code === 'CBOR') expect(session.refusal).toMatch(/^(?:WIRE|CBOR|CONTROL)_/)
    else expect(session.refusal).toBe(code)
    expect(at.counted(session.refusal as string)).toBe(1)
    expect({
      head: victim.keeper.consents.head(mallory.id, victim.id)?.seq,
      keys: keysOf(mallory),
      friend: keysOf(friend),
    }).toEqual(before)
    expect(victim.keeper.consents.records().filter(({ revokedBy }) => revokedBy)).toEqual([])
  })

  function lastSeq(): number {
    return mallory.keeper.consents.head(mallory.id, victim.id)?.seq ?? 0
  }

  test('module keys outside the modules of a grant are refused', async () => {
    const entries = await world.until(narrowGrant())
    const session = await at.opened()
    await session.say({ type: 'control-entries', entries: entries.grant })
    await session.say({
      type: 'control-entries',
      entries: await owner.seal([
        {
          kind: 'keys',
          opId: entries.opId,
          plaintext: handover({
            grantId: entries.grantId,
            laneKey: undefined,
            modules: [{ module: 'otlp/secret', key: new Uint8Array(32) }],
          }),
        },
      ]),
    })
    expect(session.refusal).toBe('CONSENT_OUTSIDE_GRANT')
  })

  test('the key of a whole lane under a grant of one module is refused', async () => {
    const entries = await world.until(narrowGrant())
    const session = await at.opened()
    await session.say({ type: 'control-entries', entries: entries.grant })
    await session.say({
      type: 'control-entries',
      entries: await owner.seal([
        { kind: 'keys', opId: entries.opId, plaintext: handover({ grantId: entries.grantId }) },
      ]),
    })
    expect(session.refusal).toBe('CONSENT_OUTSIDE_GRANT')
  })

  async function narrowGrant() {
    const before = (victim.keeper.consents.head(mallory.id, victim.id)?.seq ?? -1) + 1
    const narrow = await mallory.grant(victim, { lanes: ['traces'], modules: ['otlp/app'] })
    const { opId } =
      mallory.keeper.consents.records().find(({ grant }) => grant.grantId === narrow.grantId)?.grant ?? {}
    return { grant: owner.entries(before), opId: opId as OpId, grantId: narrow.grantId }
  }

  test('entries that were sent before change nothing the second time', async () => {
    const session = await at.opened()
    await session.say(
      { type: 'control-entries', entries: owner.entries() },
      { type: 'control-entries', entries: owner.entries() },
    )
    expect(session.refusal).toBeUndefined()
    expect(victim.keeper.consents.records().filter(({ grant }) => grant.owner === mallory.id)).toHaveLength(1)
  })

  test('a good entry before a bad one is kept, and takes effect', async () => {
    const session = await at.opened()
    const head = victim.keeper.consents.head(mallory.id, victim.id)
    await world.until(mallory.api('revoke', grantId))
    await session.say({
      type: 'control-entries',
      entries: [...owner.entries((head?.seq ?? -1) + 1), new Uint8Array(40)],
    })
    expect(session.hasEnded).toBe(true)
    const record = (await world.until(victim.api('grants'))).find(({ grant }) => grant.grantId === grantId)
    expect(record?.state).toBe('revoked')
  })

  test('keys under a grant that was revoked are left sealed, and the log goes on', async () => {
    const opId = grantOp()
    const session = await at.opened()
    const before = keysOf(mallory)
    await session.say({
      type: 'control-entries',
      entries: await owner.seal([
        { kind: 'consent', plaintext: revokePlain() },
        { kind: 'keys', opId, plaintext: handover() },
      ]),
    })
    expect(session.refusal).toBeUndefined()
    expect(keysOf(mallory)).toBe(before)
    expect(at.counted('CONSENT_GRANT_ENDED')).toBe(1)
    expect(
      consentOpId({ owner: mallory.id, recipient: victim.id }, revokePlain(), victim.keeper.deps.crypto.sha256),
    ).toHaveLength(64)
  })

  test('[CO2] a device that names the id of a grant made to it can only end it', async () => {
    const { grantId: given } = await world.until(victim.grant(mallory))
    const { opId } = victim.keeper.consents.records().find(({ grant }) => grant.grantId === given)?.grant ?? {}
    const session = await at.opened()
    const plaintext = encodeConsentOp({ kind: 'revoke', grantId: given, prev: opId as OpId, atUnixMs: 1 })
    await session.say({ type: 'control-entries', entries: await owner.seal([{ kind: 'consent', plaintext }]) })
    const record = (await world.until(victim.api('grants'))).find(({ grant }) => grant.grantId === given)
    expect(record).toMatchObject({ state: 'revoked', grant: { owner: victim.id } })
  })
})
