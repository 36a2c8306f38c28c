/** Nearby pairing, and somebody in between or beside: every way to cheat ends with its code, and takes nobody in. */
import { afterEach, describe, expect, test } from 'vitest'
import { codeOf } from '../../src/base/errors.ts'
import type { PairCode } from '../../src/model/pair-code.ts'
import { PAIR_TIMEOUT_MS } from '../../src/sync/pairing/pair-link.ts'
import { MAX_TRIES } from '../../src/sync/pairing/try-limit.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import type { NearbyPart } from '../../src/wire/nearby-messages.ts'
import {
  encodePairMessage,
  MAX_PAIR_REQUEST_BYTES,
  type PairMessage,
  type PairOffer,
} from '../../src/wire/pair-messages.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'
import { NearbyAttacker } from '../support/nearby-attacker.ts'
import type { RawSession } from '../support/raw-peer.ts'

type Session = RawSession<PairMessage>

let world: MeshWorld
let phone: MeshDevice
let mallory: NearbyAttacker
/** What the command on the phone came to. */
let waiting: Promise<PairCode | string>
afterEach(() => world.close())

const members = (device: MeshDevice): number => device.keeper.members.current().members.size

async function phoneWaits(): Promise<void> {
  world = new MeshWorld()
  phone = await world.add('phone')
  mallory = await NearbyAttacker.on(world)
  waiting = commandOn(phone)
  await world.settle()
}

function commandOn(device: MeshDevice): Promise<PairCode | string> {
  return device.host.pairNearby(new AbortController().signal).then(
    ({ code }) => code,
    (err: unknown) => codeOf(err),
  )
}

async function isStillAlone(): Promise<void> {
  await world.settle()
  expect(members(phone)).toBe(1)
}

describe('somebody who is called', () => {
  async function called(): Promise<Session> {
    await phoneWaits()
    return mallory.isCalled(phone)
  }

  test('[PN1] who keeps to the rules is compared: the cases below differ from this one in one thing', async () => {
    const session = await called()
    await session.say(mallory.commitTo(phone))
    await session.say({ type: 'open', part: mallory.part })
    expect(await world.until(waiting)).toEqual(mallory.codeWith(session, phone).code)
    await isStillAlone()
  })

  const other = (change: Partial<NearbyPart>): PairMessage => ({ type: 'open', part: { ...mallory.part, ...change } })
  const committed = (change: () => Partial<NearbyPart>) => (): readonly PairMessage[] => {
    const part = { ...mallory.part, ...change() }
    return [mallory.commitTo(phone, part), { type: 'open', part }]
  }
  test.each<[string, string, () => readonly (PairMessage | Uint8Array)[]]>([
    [
      'another nonce than it committed to',
      'PAIR_COMMITMENT_WRONG',
      () => [mallory.commitTo(phone), other({ nonce: new Uint8Array(32) })],
    ],
    [
      'another seal key than it committed to',
      'PAIR_COMMITMENT_WRONG',
      () => [mallory.commitTo(phone), other({ card: { ...mallory.part.card, sealKey: new Uint8Array(32) } })],
    ],
    [
      'a commitment made for another device',
      'PAIR_COMMITMENT_WRONG',
      () => [{ ...mallory.commitTo({ peerKey: new Uint8Array(32) } as MeshDevice) }, other({})],
    ],
    [
      'no commitment at all',
      'PAIR_COMMITMENT_WRONG',
      () => [{ type: 'commit', version: 1, commitment: new Uint8Array(32) }, other({})],
    ],
    [
      'a card with another connection key',
      'PAIR_KEY_MISMATCH',
      committed(() => ({ card: { ...mallory.part.card, peerKey: new Uint8Array(32) } })),
    ],
    ['our own card', 'PAIR_SELF', committed(() => ({ card: phone.keeper.card }))],
    ['our own mesh', 'PAIR_ALREADY_IN_MESH', committed(() => ({ mesh: phone.keeper.members.mesh() }))],
    ['agreement instead of its part', 'PAIR_OUT_OF_ORDER', () => [mallory.commitTo(phone), { type: 'agree' }]],
    ['a refusal for its reason', 'PAIR_REFUSED', () => [mallory.commitTo(phone), { type: 'refuse', code: 'WHY_NOT' }]],
  ])('[PN11] %s: ends the command with %s', async (_, code, messages) => {
    const session = await called()
    for (const message of messages()) await session.say(message as PairMessage)
    expect(await world.until(waiting)).toBe(code)
    expect(session.hasEnded).toBe(true)
    await isStillAlone()
  })

  test.each<[string, () => readonly Uint8Array[]]>([
    ['a version that was not offered', () => [encodePairMessage({ ...mallory.commitTo(phone), version: 2 })]],
    ['its part before ours', () => [encodePairMessage(other({}))]],
    ['our words back', () => [encodePairMessage({ type: 'seek', versions: [1] })]],
    ['agreement at once', () => [encodePairMessage({ type: 'agree' })]],
    ['too much', () => [encodeFrame({ kind: 38, payload: new Uint8Array(MAX_PAIR_REQUEST_BYTES + 1) })]],
    ['noise', () => [new Uint8Array(99).fill(0x99)]],
    ['nothing', () => []],
  ])('[PN10] [PN11] %s: is shown nothing, costs no try, and the door stays open', async (_, bytes) => {
    const session = await called()
    await session.bytes(...bytes())
    await world.advance(PAIR_TIMEOUT_MS, 1000)
    expect([session.hasEnded, session.all('show')]).toEqual([true, []])
    expect(phone.host.nearbyPairing.isOpen()).toBe(true)
    const laptop = await world.add('laptop')
    const [a, b] = await world.until(Promise.all([waiting, commandOn(laptop)]))
    expect(a).toEqual(b)
  })

  test('[PN9] who learns a code and leaves before it is shown has had its guess all the same', async () => {
    await phoneWaits()
    for (let n = 0; n < MAX_TRIES; n++) {
      const session = await (await NearbyAttacker.on(world)).isCalled(phone)
      await session.say(mallory.commitTo(phone))
      expect(session.all('show')).toHaveLength(1)
      await session.end()
      expect(await world.until(waiting)).toBe('PAIR_LINK_ENDED')
      waiting = commandOn(phone)
      await world.settle()
    }
    expect(await world.until(waiting)).toBe('PAIR_PAUSED')
  })
})

describe('somebody who calls', () => {
  async function calls(): Promise<Session> {
    await phoneWaits()
    return mallory.peer.dialPair(phone)
  }
  const seek: PairMessage = { type: 'seek', versions: [1] }
  const show = (change: Partial<NearbyPart> = {}): PairMessage => ({
    type: 'show',
    part: { ...mallory.part, ...change },
  })

  test('[PN1] [PN6] who keeps to the rules is a member once both agreed: the cases below differ in one thing', async () => {
    const session = await calls()
    await session.say(seek)
    await session.say(show())
    const { code, token } = mallory.codeWith(session, phone)
    expect(await world.until(waiting)).toEqual(code)
    const said = phone.host.nearbyPairing.say('same')
    const join = mallory.join(phone, token)
    await session.say({ type: 'agree' })
    expect(session.all('agree')).toHaveLength(1)
    await session.say(join)
    await session.say(mallory.accept(phone, token, join, session.all('offer')[0] as PairOffer))
    await world.until(said)
    expect([session.all('done').length, members(phone)]).toEqual([1, 2])
  })

  test.each<[string, string, () => readonly PairMessage[]]>([
    ['no version that we speak', 'PAIR_VERSION_UNKNOWN', () => [{ type: 'seek', versions: [2, 9] }]],
    ['its part before our commitment', 'PAIR_OUT_OF_ORDER', () => [show()]],
    ['the same again', 'PAIR_OUT_OF_ORDER', () => [seek, seek]],
    ['agreement before a code', 'PAIR_OUT_OF_ORDER', () => [seek, { type: 'agree' }]],
    ['a join without a ticket', 'PAIR_OUT_OF_ORDER', () => [seek, mallory.join(phone, new Uint8Array(16))]],
    [
      'a card with another connection key',
      'PAIR_KEY_MISMATCH',
      () => [seek, show({ card: { ...mallory.part.card, peerKey: new Uint8Array(32) } })],
    ],
    ['our own card', 'PAIR_SELF', () => [seek, show({ card: phone.keeper.card })]],
    ['our own mesh', 'PAIR_ALREADY_IN_MESH', () => [seek, show({ mesh: phone.keeper.members.mesh() })]],
  ])('[PN10] [PN11] %s: is told %s, opens nothing, costs no try', async (_, code, messages) => {
    const session = await calls()
    for (const message of messages()) await session.say(message)
    expect(session.refusal).toBe(code === 'PAIR_SELF' ? 'PAIR_REFUSED' : code)
    expect(phone.counters[`pair.refused.${code}`]).toBe(1)
    expect(session.all('open')).toEqual([])
    expect(phone.host.nearbyPairing.isOpen()).toBe(true)
    await isStillAlone()
  })

  const agree: PairMessage = { type: 'agree' }
  test.each<[string, string, (token: Uint8Array) => readonly PairMessage[]]>([
    ['join before both agreed', 'PAIR_OUT_OF_ORDER', (token) => [mallory.join(phone, token)]],
    ['agreement twice', 'PAIR_OUT_OF_ORDER', () => [agree, agree]],
    ['its part again', 'PAIR_OUT_OF_ORDER', () => [agree, show()]],
    ['that the codes differ', 'PAIR_CODES_DIFFER', () => [{ type: 'refuse', code: 'PAIR_CODES_DIFFER' }]],
    ['words of its own for an end', 'PAIR_REFUSED', () => [{ type: 'refuse', code: 'PAIR_PAUSED' }]],
  ])('[PN7] [PN11] after the code %s: ends it with %s', async (_, code, messages) => {
    const session = await calls()
    await session.say(seek)
    await session.say(show())
    await world.until(waiting)
    const outcome = phone.host.nearbyPairing.outcome().catch((err: unknown) => codeOf(err))
    for (const message of messages(mallory.codeWith(session, phone).token)) await session.say(message)
    expect(await world.until(outcome)).toBe(code)
    await isStillAlone()
  })

  test.each<[string, string, (token: Uint8Array) => PairMessage]>([
    [
      'another card than the one that was compared',
      'PAIR_KEY_MISMATCH',
      (token) =>
        mallory.join(phone, token, (join) => ({ ...join, card: { ...join.card, sealKey: new Uint8Array(32) } })),
    ],
    ['a proof by guess', 'PAIR_PROOF_WRONG', (token) => ({ ...mallory.join(phone, token), mac: new Uint8Array(32) })],
    ['a token by guess', 'PAIR_TICKET_UNKNOWN', () => mallory.join(phone, new Uint8Array(16))],
  ])('[PN6] [PN11] joining with %s: ends it with %s', async (_, code, join) => {
    const session = await calls()
    await session.say(seek)
    await session.say(show())
    await world.until(waiting)
    const said = phone.host.nearbyPairing.say('same').catch((err: unknown) => codeOf(err))
    await session.say(agree)
    await session.say(join(mallory.codeWith(session, phone).token))
    expect(await world.until(said)).toBe(code)
    await isStillAlone()
  })

  test('[PN6] what was said before, said again, gives another code', async () => {
    const first = await calls()
    await first.say(seek)
    await first.say(show())
    const before = await world.until(waiting)
    await world.until(phone.host.nearbyPairing.reject('cancel'))
    waiting = commandOn(phone)
    await world.settle()
    const second = await mallory.peer.dialPair(phone)
    await second.say(seek)
    await second.say(show())
    expect(await world.until(waiting)).not.toEqual(before)
  })

  test('[PN3] [PN10] while codes are compared nobody else comes in, and nobody else’s silence keeps one out', async () => {
    await calls()
    const crowd = await NearbyAttacker.on(world)
    for (let n = 0; n < 3; n++) await crowd.peer.dialPair(phone)
    const laptop = await world.add('laptop')
    const [a, b] = await world.until(Promise.all([waiting, commandOn(laptop)]))
    expect(a).toEqual(b)
    await expect((await NearbyAttacker.on(world)).peer.dialPair(phone)).rejects.toMatchObject({ code: 'LINK_DENIED' })
  })
})

describe('somebody in between', () => {
  /** Between a phone that calls and a laptop that answers; each believes to talk to the other. */
  async function between(): Promise<{
    laptop: MeshDevice
    fromPhone: Session
    toLaptop: Session
    atLaptop: Promise<PairCode | string>
  }> {
    world = new MeshWorld(undefined, { multicast: false })
    phone = await world.add('phone')
    const laptop = await world.add('laptop')
    mallory = await NearbyAttacker.on(world)
    waiting = commandOn(phone)
    const atLaptop = commandOn(laptop)
    await world.settle()
    const addresses = await mallory.peer.listen()
    const called = mallory.peer.nextPairLink()
    phone.host.nearbyPairing.found([{ peerKey: mallory.peer.peerKey, addresses }])
    await world.advance(4_000, 500)
    phone.host.nearbyPairing.found([{ peerKey: mallory.peer.peerKey, addresses }])
    const fromPhone = await world.until(called)
    await world.settle()
    return { laptop, fromPhone, toLaptop: await mallory.peer.dialPair(laptop), atLaptop }
  }

  test('[PN11] who passes every word on is found out by the connection keys', async () => {
    const { toLaptop, fromPhone, laptop } = await between()
    await toLaptop.say(...fromPhone.all('seek'))
    await fromPhone.say(...toLaptop.all('commit'))
    await toLaptop.say(...fromPhone.all('show'))
    expect(toLaptop.refusal).toBe('PAIR_KEY_MISMATCH')
    expect([members(phone), members(laptop)]).toEqual([1, 1])
  })

  test('[PN5] [PN6] who puts its own keys in shows two codes, and “they differ” ends both', async () => {
    const { toLaptop, fromPhone, laptop, atLaptop } = await between()
    await toLaptop.say({ type: 'seek', versions: [1] })
    await fromPhone.say(mallory.commitTo(phone))
    await toLaptop.say({ type: 'show', part: mallory.part })
    await fromPhone.say({ type: 'open', part: mallory.part })
    const [a, b] = await world.until(Promise.all([waiting, atLaptop]))
    expect(a).toHaveProperty('numbers')
    expect(b).toHaveProperty('numbers')
    expect(a).not.toEqual(b)
    // It says yes to both sides; the people, who compare, do not.
    await fromPhone.say({ type: 'agree' })
    await toLaptop.say({ type: 'agree' })
    for (const device of [phone, laptop]) await world.until(device.host.nearbyPairing.reject('differ'))
    await world.settle()
    expect([members(phone), members(laptop)]).toEqual([1, 1])
    expect([fromPhone.refusal, toLaptop.refusal]).toEqual(['PAIR_CODES_DIFFER', 'PAIR_CODES_DIFFER'])
  })
})
