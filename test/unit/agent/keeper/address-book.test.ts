import { afterEach, beforeEach, expect, test } from 'vitest'
import { AddressBook, MAX_HINTS } from '../../../../src/agent/keeper/address-book.ts'
import { PeerBook } from '../../../../src/agent/keeper/peer-book.ts'
import type { DeviceId } from '../../../../src/model/ids.ts'
import type { Member } from '../../../../src/model/membership.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { device, storeFixture, type StoreFixture } from '../../store/tables-fixture.ts'

const NOW = 1_000_000
const [self, phone, tablet] = [device('self'), device('phone'), device('tablet')]
const at = (name: string): string[] => [`/ip4/10.0.0.1/tcp/${name.length}`, `/ip4/10.0.0.2/tcp/${name.length}`]
const tellers = Array.from({ length: MAX_HINTS + 2 }, (_, n) => device(`teller ${n}`))

let fixture: StoreFixture
let peers: PeerBook
let members: Map<DeviceId, Member>
let book: AddressBook
beforeEach(() => {
  fixture = storeFixture()
  const clock = manualClock(NOW)
  peers = new PeerBook(fixture.store.peers, clock)
  members = new Map([self, phone, tablet, ...tellers].map((id) => [id, {} as Member]))
  book = new AddressBook({ clock, self, peers, members: () => members })
})
afterEach(() => fixture.remove())

test('[SE18] what a device said of itself is told to the other members only, and hearsay to nobody', () => {
  peers.remember(phone, { said: { saidUnixMs: 7, addresses: at('phone') } })
  book.take(phone, [{ deviceId: device('teller 0'), saidUnixMs: 8, addresses: at('rumour') }])
  expect(book.toTell(tablet)).toEqual([{ deviceId: phone, saidUnixMs: 7, addresses: at('phone') }])
  expect(book.toTell(phone)).toEqual([])
  expect(book.toTell(device('stranger'))).toEqual([])
})

test('[SE18] a device that was removed itself tells nothing and takes nothing', () => {
  peers.remember(phone, { said: { saidUnixMs: 7, addresses: at('phone') } })
  members.delete(self)
  expect(book.toTell(tablet)).toEqual([])
  book.take(phone, [{ deviceId: tablet, saidUnixMs: 8, addresses: at('x') }])
  expect(peers.get(tablet).hints).toEqual([])
})

test('[SE19] of each member the last word counts, and the newest word of any comes first', () => {
  const [a, b] = [device('teller 0'), device('teller 1')]
  book.take(a, [{ deviceId: tablet, saidUnixMs: 30, addresses: at('old') }])
  book.take(b, [{ deviceId: tablet, saidUnixMs: 20, addresses: at('b') }])
  book.take(a, [{ deviceId: tablet, saidUnixMs: 10, addresses: at('a') }])
  expect(book.toTry(tablet).hinted).toEqual([at('b'), at('a')])
  book.take(b, [{ deviceId: tablet, saidUnixMs: 40, addresses: [] }])
  expect(book.toTry(tablet).hinted).toEqual([at('a')])
})

test('[SE19] a time that has not come counts as now, and does not stay the newest', () => {
  book.take(phone, [{ deviceId: tablet, saidUnixMs: NOW * 2, addresses: at('liar') }])
  expect(peers.get(tablet).hints).toEqual([{ by: phone, saidUnixMs: NOW, addresses: at('liar') }])
})

test('[SE19] the word of so many members is kept of one device, the newest, and of members only', () => {
  for (const [n, teller] of tellers.entries()) {
    book.take(teller, [{ deviceId: tablet, saidUnixMs: n, addresses: at('x'.repeat(n + 1)) }])
  }
  const kept = peers.get(tablet).hints.map(({ saidUnixMs }) => saidUnixMs)
  expect(kept).toEqual(
    tellers
      .map((_, n) => n)
      .toReversed()
      .slice(0, MAX_HINTS),
  )
  for (const teller of tellers) members.delete(teller)
  expect(book.toTry(tablet).hinted).toEqual([])
  book.take(phone, [{ deviceId: tablet, saidUnixMs: 0, addresses: at('phone') }])
  expect(peers.get(tablet).hints).toHaveLength(1)
})

test('[SE19] whatever others say, what the device said itself stays, and is tried first', () => {
  peers.remember(tablet, { addresses: at('own'), said: { saidUnixMs: 1, addresses: at('own') } })
  book.take(phone, [{ deviceId: tablet, saidUnixMs: NOW, addresses: at('liar') }])
  expect(book.toTry(tablet)).toEqual({ said: at('own'), hinted: [at('liar')] })
  expect(book.toTell(phone)).toContainEqual({ deviceId: tablet, saidUnixMs: 1, addresses: at('own') })
})
