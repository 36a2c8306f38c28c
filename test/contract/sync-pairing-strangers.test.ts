/** Strangers at the door of a device that waits for another: the only protocol open to them. */
import { afterEach, describe, expect, test } from 'vitest'
import type { DeviceCard } from '../../src/model/membership.ts'
import { toDeviceId, type DeviceId } from '../../src/model/ids.ts'
import { PAIR_TIMEOUT_MS } from '../../src/sync/pairing/pair-link.ts'
import { MAX_RECORDED_FAILURES } from '../../src/sync/pairing/pairing-service.ts'
import { encodeFrame } from '../../src/wire/frame.ts'
import { membershipSigningBytes } from '../../src/wire/membership-op.ts'
import {
  encodePairMessage,
  MAX_PAIR_REQUEST_BYTES,
  type PairJoin,
  type PairMessage,
  type PairOffer,
} from '../../src/wire/pair-messages.ts'
import { pairProof, type PairParties } from '../../src/wire/pair-proof.ts'
import { decodeTicket, encodeTicket, pairTokenId, type Ticket } from '../../src/wire/ticket.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'
import { manySpans } from '../support/otlp-records.ts'
import { stranger, type RawPeer, type RawSession } from '../support/raw-peer.ts'

let world: MeshWorld
afterEach(() => world.close())

const noAbort = (): AbortSignal => new AbortController().signal
const joinOf = (device: MeshDevice, ticket: string) => device.host.join(ticket, noAbort())
const members = (device: MeshDevice): number => device.keeper.members.current().members.size
const leaves = (device: MeshDevice, type: string): number =>
  device.keeper.audit.list({ fromSeq: 0, limit: 1000 }).filter(({ leaf }) => leaf.type === type).length

describe('strangers at the door', () => {
  let phone: MeshDevice
  let other: RawPeer
  let ticket: Ticket
  let seed: Uint8Array
  let card: DeviceCard
  let parties: PairParties

  /** A phone with an open ticket, and somebody who may or may not hold it. */
  async function door(): Promise<void> {
    world = new MeshWorld()
    phone = await world.add('phone')
    const invited = await world.until(phone.host.invite())
    ticket = decodeTicket(invited.ticket, world.crypto.sha256)
    other = await stranger(world)
    seed = world.crypto.randomBytes(32)
    const deviceId = toDeviceId(world.crypto.ed25519PublicKey(seed)) as DeviceId
    card = { deviceId, name: 'other', peerKey: other.peerKey, sealKey: world.crypto.randomBytes(32) }
    parties = { inviter: ticket.deviceId, inviterPeerKey: ticket.peerKey, joinerPeerKey: other.peerKey }
  }

  function join(
    changes: { card?: DeviceCard; token?: Uint8Array; parties?: PairParties; mac?: Uint8Array } = {},
  ): PairJoin {
    const { crypto } = world
    const token = changes.token ?? ticket.token
    const message = {
      tokenId: pairTokenId(ticket.token, crypto.sha256),
      nonce: crypto.randomBytes(16),
      card: changes.card ?? card,
    }
    const mac =
      changes.mac ?? pairProof(crypto, token, { role: 'join', ...(changes.parties ?? parties), join: message })
    return { type: 'join', ...message, mac }
  }

  /** The accept that belongs to an offer. */
  function accept(joined: PairJoin, offered: PairOffer, signer = seed): PairMessage {
    const { crypto } = world
    const subjectSignature = crypto.ed25519Sign(signer, membershipSigningBytes(offered.addPayload))
    const { mac: _j, type: _t, ...joinPart } = joined
    const { mac: _o, type: _u, ...offerPart } = offered
    const mac = pairProof(crypto, ticket.token, {
      role: 'accept',
      ...parties,
      join: joinPart,
      offer: offerPart,
      subjectSignature,
    })
    return { type: 'accept', subjectSignature, mac }
  }

  async function said(session: RawSession<PairMessage>, ...messages: readonly PairMessage[]): Promise<void> {
    await session.say(...messages)
  }

  test('[PA4] whoever holds the ticket becomes a member: the cases below differ from this one in one thing', async () => {
    await door()
    const session = await other.dialPair(phone)
    const joined = join()
    await said(session, joined)
    await said(session, accept(joined, session.all('offer')[0] as PairOffer))
    expect(session.all('done')).toHaveLength(1)
    expect(members(phone)).toBe(2)
  })

  test.each<[string, string, string, () => readonly (PairMessage | Uint8Array)[]]>([
    [
      'a ticket that is not open',
      'PAIR_TICKET_UNKNOWN',
      'PAIR_TICKET_UNKNOWN',
      () => [{ ...join(), tokenId: new Uint8Array(8) }],
    ],
    ['[PA4] a proof by guess', 'PAIR_PROOF_WRONG', 'PAIR_PROOF_WRONG', () => [join({ mac: new Uint8Array(32) })]],
    [
      '[PA4] a proof of another token',
      'PAIR_PROOF_WRONG',
      'PAIR_PROOF_WRONG',
      () => [join({ token: new Uint8Array(16) })],
    ],
    [
      '[PA3] a proof made for another connection, passed on',
      'PAIR_PROOF_WRONG',
      'PAIR_PROOF_WRONG',
      () => [join({ parties: { ...parties, joinerPeerKey: new Uint8Array(32) } })],
    ],
    [
      'a card with another connection key',
      'PAIR_KEY_MISMATCH',
      'PAIR_KEY_MISMATCH',
      () => [join({ card: { ...card, peerKey: new Uint8Array(32) } })],
    ],
    [
      'accept before join',
      'PAIR_OUT_OF_ORDER',
      'PAIR_OUT_OF_ORDER',
      () => [{ type: 'accept', subjectSignature: new Uint8Array(64), mac: new Uint8Array(32) }],
    ],
    ['done from the joiner', 'PAIR_OUT_OF_ORDER', 'PAIR_OUT_OF_ORDER', () => [{ type: 'done' }]],
    ['join twice', 'PAIR_OUT_OF_ORDER', 'PAIR_OUT_OF_ORDER', () => [join(), join()]],
    [
      'a frame over a stranger’s limit',
      'PAIR_REFUSED',
      'FRAME_TOO_LARGE',
      () => [encodeFrame({ kind: 32, payload: new Uint8Array(MAX_PAIR_REQUEST_BYTES + 1) })],
    ],
    ['noise', 'PAIR_REFUSED', 'FRAME_VERSION', () => [new Uint8Array(99).fill(0x99)]],
    ['a sync message', 'PAIR_REFUSED', 'PAIR_KIND', () => [encodeFrame({ kind: 1, payload: new Uint8Array(3) })]],
  ])('%s: told %s, counted %s, and nobody is taken in', async (_, told, counted, messages) => {
    await door()
    const session = await other.dialPair(phone)
    await session.bytes(
      ...messages().map((message) => (message instanceof Uint8Array ? message : encodePairMessage(message))),
    )
    expect(session.refusal).toBe(told)
    expect(session.hasEnded).toBe(true)
    expect(phone.counters[`pair.refused.${counted}`]).toBe(1)
    expect(leaves(phone, 'pairing.failed')).toBe(1)
    expect(members(phone)).toBe(1)
  })

  test.each<[string, string, (accepted: PairMessage & { type: 'accept' }) => PairMessage]>([
    ['a wrong proof', 'PAIR_PROOF_WRONG', (accepted) => ({ ...accepted, mac: new Uint8Array(32) })],
    [
      'another signature than the proof covers',
      'PAIR_PROOF_WRONG',
      (accepted) => ({ ...accepted, subjectSignature: new Uint8Array(64) }),
    ],
  ])('%s at the last step takes nobody in', async (_, code, change) => {
    await door()
    const session = await other.dialPair(phone)
    const joined = join()
    await said(session, joined)
    await said(session, change(accept(joined, session.all('offer')[0] as PairOffer) as never))
    expect(session.refusal).toBe(code)
    expect(members(phone)).toBe(1)
  })

  test('the name of a device whose key one does not have takes nobody in', async () => {
    await door()
    const laptop = await world.add('laptop')
    card = { ...card, deviceId: laptop.id }
    const session = await other.dialPair(phone)
    const joined = join()
    await said(session, joined)
    await said(session, accept(joined, session.all('offer')[0] as PairOffer))
    expect(session.refusal).toBe('PAIR_REFUSED')
    expect(phone.counters['pair.refused.CONTROL_BAD_SIGNATURE']).toBe(1)
    expect(members(phone)).toBe(1)
  })

  test('[PA3] a man in the middle passes every byte on and gains nothing', async () => {
    await door()
    const laptop = await world.add('laptop')
    const addrs = await other.listen()
    const forged = encodeTicket({ ...ticket, addrs, peerKey: other.peerKey }, world.crypto.sha256)
    const joining = joinOf(laptop, forged)
    joining.catch(() => undefined)
    const toLaptop = await world.until(other.nextPairLink())
    const toPhone = await other.dialPair(phone)
    await world.settle()
    await toPhone.say(...toLaptop.heard)
    expect(toPhone.refusal).toBe('PAIR_PROOF_WRONG')
    await toLaptop.say(...toPhone.heard)
    await expect(world.until(joining)).rejects.toMatchObject({ code: 'PAIR_PROOF_WRONG' })
    expect([members(phone), members(laptop)]).toEqual([1, 1])
  })

  test('a stranger may not speak sync, ticket or not: no byte is answered', async () => {
    await door()
    const session = await other.dial(phone)
    await session.bytes(encodeFrame({ kind: 1, payload: new Uint8Array(3) }))
    expect(session.heard).toEqual([])
    expect(session.hasEnded).toBe(true)
  })

  test('[PN10] silence ends after 15 s; of more than four the oldest of the busiest address makes room', async () => {
    await door()
    const helper = await stranger(world)
    const sessions = [
      ...(await Promise.all([1, 2, 3, 4].map(() => other.dialPair(phone)))),
      await helper.dialPair(phone),
    ]
    await world.settle()
    expect(sessions.map(({ hasEnded }) => hasEnded)).toEqual([true, false, false, false, false])
    await world.advance(PAIR_TIMEOUT_MS, 1000)
    expect(sessions.map(({ hasEnded }) => hasEnded)).toEqual([true, true, true, true, true])
    expect(phone.counters['pair.refused.PAIR_TIMEOUT']).toBe(4)
  })

  test('[PN10] whoever knocks all the time keeps nobody else out', async () => {
    await door()
    const laptop = await world.add('laptop')
    const joining = joinOf(laptop, encodeTicket(ticket, world.crypto.sha256))
    for (let n = 0; n < 20; n++) {
      other.dialPair(phone).catch(() => undefined) // turned away where it has too many links already
      await world.step(1)
    }
    await world.until(joining)
    expect(members(phone)).toBe(2)
  })

  test('a thousand wrong attempts are counted, but do not fill the audit log, and the ticket is still good', async () => {
    await door()
    for (let n = 0; n < 100; n++) {
      const session = await other.dialPair(phone)
      await said(session, join({ mac: new Uint8Array(32) }))
    }
    expect(phone.counters['pair.refused.PAIR_PROOF_WRONG']).toBe(100)
    expect(leaves(phone, 'pairing.failed')).toBe(MAX_RECORDED_FAILURES)
    const laptop = await world.add('laptop')
    const text = encodeTicket(ticket, world.crypto.sha256)
    await world.until(joinOf(laptop, text))
    expect(members(phone)).toBe(2)
  })

  test('while strangers knock, paired devices go on', async () => {
    world = new MeshWorld()
    const [tablet, laptop] = await world.mesh('tablet', 'laptop')
    await world.until(tablet.grant(laptop))
    await world.until(tablet.host.invite())
    const knocker = await stranger(world)
    for (let n = 0; n < 4; n++) await knocker.dialPair(tablet)
    await world.recorded(tablet, manySpans('app', 1, 1, 1))
    expect(laptop.recordsOf(tablet)).toBe(1)
  })
})
