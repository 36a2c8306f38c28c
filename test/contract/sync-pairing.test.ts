/** Pairing between honest devices, and an inviter that cheats: the joiner stays as it was. */
import { afterEach, describe, expect, test } from 'vitest'
import { type DeviceId } from '../../src/model/ids.ts'
import type { Store } from '../../src/store/store.ts'
import { PAIR_TIMEOUT_MS } from '../../src/sync/pairing/pair-link.ts'
import { MAX_OPEN_TICKETS, TICKET_LIFE_MS } from '../../src/sync/pairing/pairing-service.ts'
import { type PairJoin, type PairMessage, type PairOffer } from '../../src/wire/pair-messages.ts'
import { pairProof } from '../../src/wire/pair-proof.ts'
import { decodeTicket, encodeTicket, type Ticket } from '../../src/wire/ticket.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'
import { stranger, type RawPeer, type RawSession } from '../support/raw-peer.ts'

let world: MeshWorld
afterEach(() => world.close())

const noAbort = (): AbortSignal => new AbortController().signal
const joinOf = (device: MeshDevice, ticket: string) => device.host.join(ticket, noAbort())
const members = (device: MeshDevice): number => device.keeper.members.current().members.size

/** A table that cannot write for a while. @returns what mends it */
function failing(table: object, method: string): () => void {
  const full = (): never => {
    throw new Error('the disk is full')
  }
  Object.defineProperty(table, method, { value: full, configurable: true })
  return () => Reflect.deleteProperty(table, method)
}

describe('honest devices', () => {
  test('both become members of one mesh, are connected, and the door closes behind them', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    expect([members(phone), members(laptop)]).toEqual([2, 2])
    expect(phone.host.peers()).toMatchObject([{ name: 'laptop', connected: true }])
    const other = await stranger(world)
    await expect(other.dial(phone)).rejects.toMatchObject({ code: 'LINK_DENIED' })
    expect(phone.counters['sync.refused.LINK_DENIED']).toBe(1)
  })

  test('a joiner that lost the last answer comes again with the same ticket', async () => {
    world = new MeshWorld()
    const [phone, laptop] = [await world.add('phone'), await world.add('laptop')]
    const { ticket } = await world.until(phone.host.invite())
    const release = laptop.hold('pairComplete')
    const first = joinOf(laptop, ticket)
    first.catch(() => undefined)
    await world.settle()
    expect([members(phone), members(laptop)]).toEqual([2, 1])
    laptop.kill()
    release()
    await world.until(laptop.restart())
    await expect(world.until(joinOf(laptop, ticket))).resolves.toMatchObject({ name: 'phone' })
    await world.settle()
    expect([members(phone), members(laptop)]).toEqual([2, 2])
    expect(phone.host.peers()).toMatchObject([{ connected: true }])
  })

  test('[PA5] a joiner that comes again signs the operation that took it in, not a second one', async () => {
    world = new MeshWorld()
    const [phone, laptop] = [await world.add('phone'), await world.add('laptop')]
    const { ticket } = await world.until(phone.host.invite())
    const release = laptop.hold('pairComplete')
    joinOf(laptop, ticket).catch(() => undefined)
    await world.settle()
    const before = phone.keeper.members.opIds()
    laptop.kill()
    release()
    await world.until(laptop.restart())
    await world.until(joinOf(laptop, ticket))
    await world.settle()
    expect(phone.keeper.members.opIds()).toEqual(before)
    expect(laptop.keeper.members.opIds().toSorted()).toEqual(expect.arrayContaining(before.toSorted()))
  })

  test('[PA7] a removed device does not come back with the ticket it used, while another is open', async () => {
    world = new MeshWorld()
    const [phone, thief] = [await world.add('phone'), await world.add('thief')]
    const { ticket } = await world.until(phone.host.invite())
    await world.until(joinOf(thief, ticket))
    await world.settle()
    await world.until(phone.api('removeMember', thief.id))
    await world.settle()
    await world.until(phone.host.invite())
    const { sha256 } = world.crypto
    const again = encodeTicket({ ...decodeTicket(ticket, sha256), addrs: phone.host.listening() }, sha256)
    await expect(world.until(joinOf(thief, again))).rejects.toMatchObject({ code: 'PAIR_TICKET_UNKNOWN' })
    expect(members(phone)).toBe(1)
  })

  test('[PA7] nor when somebody else removed it and took it in again: that ticket’s membership is over', async () => {
    world = new MeshWorld()
    const [phone, tablet] = await world.mesh('phone', 'tablet')
    const thief = await world.add('thief')
    const { ticket } = await world.until(phone.host.invite())
    const { tokenId } = thief.keeper.pairing.startJoin(ticket).message
    await world.until(joinOf(thief, ticket))
    await world.settle()
    expect(phone.keeper.store.invitations.get(tokenId)?.usedBy).toBe(thief.id)
    await world.advance(120_000, 1000) // until tablet and thief have met
    for (const other of [tablet, thief]) world.partition(phone, other)
    await world.until(tablet.api('removeMember', thief.id))
    await world.settle()
    await world.pair(tablet, thief)
    for (const other of [tablet, thief]) world.heal(phone, other)
    await world.advance(60_000, 1000)
    expect(members(phone)).toBe(3)
    expect(phone.keeper.store.invitations.get(tokenId)).toBeUndefined()
  })

  test.each(['with nothing else under way', 'while a removal is being written'])(
    '[PA5] two devices with one ticket at the same moment, %s: one becomes a member',
    async (when) => {
      world = new MeshWorld()
      const [phone, old] = await world.mesh('phone', 'old')
      const [laptop, thief] = [await world.add('laptop'), await world.add('thief')]
      await world.until(phone.grant(old))
      const { ticket } = await world.until(phone.host.invite())
      const release = phone.hold('pairFinish')
      const outcomes = [laptop, thief].map((device) =>
        joinOf(device, ticket).then(
          () => 'joined',
          (err: { code?: string }) => err.code,
        ),
      )
      await world.settle()
      const removal = when.includes('removal') ? phone.api('removeMember', old.id) : Promise.resolve()
      release()
      await world.until(removal)
      expect(new Set(await world.until(Promise.all(outcomes)))).toEqual(new Set(['PAIR_TICKET_USED', 'joined']))
      await world.settle()
      const joined = [laptop, thief].filter((device) => phone.keeper.members.current().members.has(device.id))
      expect(joined.map((device) => device.host.peers().length > 0)).toEqual([true])
    },
  )

  test.each<[string, (store: Store) => () => void]>([
    ['operation', ({ control }) => failing(control, 'insertOp')],
    ['ticket', ({ invitations }) => failing(invitations, 'use')],
  ])('[PA5] when the %s cannot be written, neither is', async (_, fail) => {
    world = new MeshWorld()
    const [phone, laptop] = [await world.add('phone'), await world.add('laptop')]
    const { ticket } = await world.until(phone.host.invite())
    const mend = fail(phone.keeper.store)
    await expect(world.until(joinOf(laptop, ticket))).rejects.toMatchObject({ code: 'PAIR_REFUSED' })
    expect([members(phone), phone.keeper.pairing.isOpen()]).toEqual([1, true])
    mend()
    await world.until(joinOf(laptop, ticket))
    expect([members(phone), phone.keeper.pairing.isOpen()]).toEqual([2, false])
  })

  test('a ticket serves one device', async () => {
    world = new MeshWorld()
    const [phone, laptop, tablet] = [await world.add('phone'), await world.add('laptop'), await world.add('tablet')]
    const { ticket } = await world.until(phone.host.invite())
    await world.until(phone.host.invite()) // another one keeps the door open
    await world.until(joinOf(laptop, ticket))
    await expect(world.until(joinOf(tablet, ticket))).rejects.toMatchObject({ code: 'PAIR_TICKET_USED' })
    expect(phone.counters['pair.refused.PAIR_TICKET_USED']).toBe(1)
    expect([members(phone), members(tablet)]).toEqual([2, 1])
  })

  test('[TK4] a device whose clock is hours fast pairs all the same: the inviter says what has expired', async () => {
    world = new MeshWorld()
    const [phone, laptop] = [await world.add('phone'), await world.add('laptop')]
    laptop.skewMs = 7_200_000
    const { ticket } = await world.until(phone.host.invite())
    await expect(world.until(joinOf(laptop, ticket))).resolves.toMatchObject({ name: 'phone' })
  })

  test.each<[string, string, (phone: MeshDevice, laptop: MeshDevice) => Promise<unknown>]>([
    [
      'an expired ticket',
      'PAIR_TICKET_EXPIRED',
      async (phone, laptop) => {
        const { ticket } = await world.until(phone.host.invite())
        await world.advance(TICKET_LIFE_MS, 60_000)
        return joinOf(laptop, ticket)
      },
    ],
    [
      'a ticket that expires on the inviter’s clock only',
      'PAIR_TICKET_EXPIRED',
      async (phone, laptop) => {
        const { ticket } = await world.until(phone.host.invite())
        await world.advance(5_000, 1_000)
        await world.until(phone.host.invite()) // the door is open, but not for the first ticket
        phone.skewMs = TICKET_LIFE_MS - 2_000
        return joinOf(laptop, ticket)
      },
    ],
    [
      'its own ticket',
      'PAIR_SELF',
      async (phone) => {
        const { ticket } = await world.until(phone.host.invite())
        return joinOf(phone, ticket)
      },
    ],
    [
      'a ticket with a letter changed',
      'TICKET_CHECKSUM',
      async (phone, laptop) => {
        const { ticket } = await world.until(phone.host.invite())
        return joinOf(laptop, `${ticket.slice(0, -1)}${ticket.endsWith('a') ? 'b' : 'a'}`)
      },
    ],
    [
      'a ticket of a device that is away',
      'PAIR_UNREACHABLE',
      async (phone, laptop) => {
        const { ticket } = await world.until(phone.host.invite())
        await world.until(phone.stop())
        return joinOf(laptop, ticket)
      },
    ],
    [
      'a ticket, for a device that has a mesh of two',
      'PAIR_ALREADY_IN_MESH',
      async (phone, laptop) => {
        const tablet = await world.add('tablet')
        await world.pair(laptop, tablet)
        const { ticket } = await world.until(phone.host.invite())
        return joinOf(laptop, ticket)
      },
    ],
    [
      'a ticket, below pro',
      'PAIR_NEEDS_STAGE',
      async (phone, laptop) => {
        const { ticket } = await world.until(phone.host.invite())
        await world.until(laptop.api('setStage', 'casual'))
        return joinOf(laptop, ticket)
      },
    ],
  ])('%s is refused with %s', async (_, code, join) => {
    world = new MeshWorld()
    const [phone, laptop] = [await world.add('phone'), await world.add('laptop')]
    await expect(world.until(Promise.resolve().then(() => join(phone, laptop)))).rejects.toMatchObject({ code })
  })

  test('tickets are bounded, and an expired one makes room', async () => {
    world = new MeshWorld()
    const phone = await world.add('phone')
    for (let n = 0; n < MAX_OPEN_TICKETS; n++) await world.until(phone.host.invite())
    await expect(world.until(phone.host.invite())).rejects.toMatchObject({ code: 'PAIR_TOO_MANY' })
    await world.advance(TICKET_LIFE_MS + 10_000, 60_000)
    expect(phone.host.listening()).toEqual([])
    await world.until(phone.host.invite())
    expect(phone.host.listening()).toHaveLength(1)
  })
})

describe('an inviter that cheats', () => {
  let laptop: MeshDevice
  let phone: MeshDevice
  let inviter: RawPeer
  let ticket: Ticket

  /** A laptop that joins by a ticket of somebody who answers by hand. */
  async function joining(): Promise<{ readonly joined: Promise<unknown>; readonly session: RawSession<PairMessage> }> {
    world = new MeshWorld()
    laptop = await world.add('laptop')
    phone = await world.add('phone')
    inviter = await stranger(world)
    const token = world.crypto.randomBytes(16)
    const expiresUnixS = Math.floor(phone.now / 1000) + 600
    ticket = { deviceId: phone.id, peerKey: inviter.peerKey, token, addrs: await inviter.listen(), expiresUnixS }
    const joined = joinOf(laptop, encodeTicket(ticket, world.crypto.sha256))
    joined.catch(() => undefined)
    const session = await world.until(inviter.nextPairLink())
    await world.settle()
    return { joined, session }
  }

  /** The offer that belongs to what the laptop said, with one thing changed before it is proven. */
  function offer(
    session: RawSession<PairMessage>,
    change: (offer: Omit<PairOffer, 'type' | 'mac'>) => object = (same) => same,
  ): PairOffer {
    const { crypto } = world
    const { mac: _, type: _t, ...join } = session.all('join')[0] as PairJoin
    const { members: service } = phone.keeper
    const addPayload = service.draftAdd(join.card)
    const honest = {
      nonce: crypto.randomBytes(16),
      card: phone.keeper.card,
      mesh: service.mesh(),
      ops: service.opsBeyond(new Set()),
      addPayload,
      addAuthorSignature: service.sign(addPayload),
    }
    const draft = { ...honest, ...change(honest) }
    const isUnsigned = draft.addAuthorSignature === honest.addAuthorSignature
    const changed = isUnsigned ? { ...draft, addAuthorSignature: service.sign(draft.addPayload) } : draft
    const parties = { inviter: ticket.deviceId, inviterPeerKey: ticket.peerKey, joinerPeerKey: join.card.peerKey }
    return {
      type: 'offer',
      ...changed,
      mac: pairProof(crypto, ticket.token, { role: 'offer', ...parties, join, offer: changed }),
    }
  }

  async function stillAlone(): Promise<void> {
    await world.settle()
    expect(members(laptop)).toBe(1)
    expect(laptop.host.listening()).toEqual([])
    await world.pair(phone, laptop)
    expect(members(laptop)).toBe(2)
  }

  test('what is right is joined: the cases below differ from this one in one thing', async () => {
    const { joined, session } = await joining()
    await session.say(offer(session))
    await session.say({ type: 'done' })
    await expect(world.until(joined)).resolves.toMatchObject({ deviceId: phone.id })
    expect(members(laptop)).toBe(2)
  })

  test.each<[string, string, (session: RawSession<PairMessage>) => readonly PairMessage[]]>([
    ['[PA4] an offer without proof', 'PAIR_PROOF_WRONG', (session) => [{ ...offer(session), mac: new Uint8Array(32) }]],
    [
      'an operation that adds somebody else',
      'PAIR_KEY_MISMATCH',
      (session) => [
        offer(session, () => ({
          addPayload: phone.keeper.members.draftAdd({ ...laptop.keeper.card, deviceId: '77'.repeat(32) as DeviceId }),
        })),
      ],
    ],
    [
      'an operation with another connection key',
      'PAIR_KEY_MISMATCH',
      (session) => [
        offer(session, () => ({
          addPayload: phone.keeper.members.draftAdd({ ...laptop.keeper.card, peerKey: new Uint8Array(32) }),
        })),
      ],
    ],
    [
      'an operation that hands our records’ keys to another seal key',
      'PAIR_KEY_MISMATCH',
      (session) => [
        offer(session, () => ({
          addPayload: phone.keeper.members.draftAdd({ ...laptop.keeper.card, sealKey: new Uint8Array(32) }),
        })),
      ],
    ],
    [
      'an operation of another device',
      'PAIR_KEY_MISMATCH',
      (session) => [
        offer(session, () => ({
          addPayload: laptop.keeper.members.draftAdd({ ...laptop.keeper.card, deviceId: phone.id }),
        })),
      ],
    ],
    [
      'another mesh than the operation’s',
      'PAIR_KEY_MISMATCH',
      (session) => [offer(session, () => ({ mesh: 'ab'.repeat(16) }))],
    ],
    [
      'another device than the ticket’s',
      'PAIR_KEY_MISMATCH',
      (session) => [offer(session, () => ({ card: { ...phone.keeper.card, deviceId: '66'.repeat(32) } }))],
    ],
    ['done before the offer', 'PAIR_OUT_OF_ORDER', () => [{ type: 'done' }]],
    ['a refusal', 'PAIR_TICKET_EXPIRED', () => [{ type: 'refuse', code: 'PAIR_TICKET_EXPIRED' }]],
    ['a refusal for a reason nobody knows', 'PAIR_REFUSED', () => [{ type: 'refuse', code: 'SOMETHING_ELSE' }]],
  ])('%s fails the joining with %s, and leaves the joiner as it was', async (_, code, messages) => {
    const { joined, session } = await joining()
    await session.say(...messages(session))
    await session.say({ type: 'done' })
    await expect(world.until(joined)).rejects.toMatchObject({ code })
    await stillAlone()
  })

  test('a membership in which the joiner is none fails the joining with MEMBER_NOT_ADDED', async () => {
    const { joined, session } = await joining()
    await session.say(offer(session, () => ({ ops: [] })))
    await session.say({ type: 'done' })
    await expect(world.until(joined)).rejects.toMatchObject({ code: 'MEMBER_NOT_ADDED' })
    await stillAlone()
  })

  test('a wrong signature of the inviter’s fails the joining', async () => {
    const { joined, session } = await joining()
    await session.say(offer(session, () => ({ addAuthorSignature: new Uint8Array(64) })))
    await session.say({ type: 'done' })
    await expect(world.until(joined)).rejects.toMatchObject({ code: 'CONTROL_BAD_SIGNATURE' })
    await stillAlone()
  })

  test('an inviter that says nothing fails the joining after 15 s', async () => {
    const { joined } = await joining()
    await world.advance(PAIR_TIMEOUT_MS, 1000)
    await expect(world.until(joined)).rejects.toMatchObject({ code: 'PAIR_TIMEOUT' })
    await stillAlone()
  })

  test('somebody else at the ticket’s address is not spoken to', async () => {
    world = new MeshWorld()
    laptop = await world.add('laptop')
    phone = await world.add('phone')
    const impostor = await stranger(world)
    const addrs = await impostor.listen()
    const token = world.crypto.randomBytes(16)
    const text = encodeTicket(
      { deviceId: phone.id, peerKey: phone.peerKey, token, addrs, expiresUnixS: Math.floor(phone.now / 1000) + 600 },
      world.crypto.sha256,
    )
    await expect(world.until(joinOf(laptop, text))).rejects.toMatchObject({ code: 'PAIR_UNREACHABLE' })
    await stillAlone()
  })
})
