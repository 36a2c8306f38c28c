/** What the keeper remembers of a peer's clock, and of what it sent and was not taken. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { knowledgeOf } from '../../../../src/agent/keeper/query-deps.ts'
import { deviceId } from '../../query/make-chunk.ts'
import { keeperHome, START_MS, type KeeperHome } from '../../../support/keeper-home.ts'

const phone = deviceId('phone')
const measured = (offsetMs: number) => ({ clock: { offsetMs, errorMs: 2, roundTripMs: 1 } })
let home: KeeperHome
let keeper: Keeper
beforeEach(() => {
  home = keeperHome()
  keeper = home.create()
})
afterEach(() => home.remove())

test('[RC9] measurements become a history that a restart keeps', () => {
  keeper.peers.remember(phone, measured(5))
  home.clock.advance(3_600_000)
  keeper.peers.remember(phone, measured(7_200_000))
  const history = [
    { atUnixMs: START_MS, offsetMs: 5, errorMs: 2, isStep: false },
    { atUnixMs: START_MS + 3_600_000, offsetMs: 7_200_000, errorMs: 2, isStep: true },
  ]
  expect(keeper.peers.get(phone).clockHistory).toEqual(history)
  keeper.close()
  const after = home.reopen().peers.get(phone)
  expect(after.clockHistory).toEqual(history)
  expect(after.clock).toEqual(measured(7_200_000).clock)
})

test('[RC9] what queries are told of a clock grows less sure with time', () => {
  const self = keeper.card.deviceId
  keeper.peers.remember(self, measured(5))
  home.clock.advance(1_000_000)
  const [member] = knowledgeOf(keeper).members
  expect(member?.clock?.offsetMs).toBe(5)
  expect(member?.clock?.errorMs).toBeCloseTo(102)
})

test('[SE16] what a device sent and was not taken is counted for it, by reason', () => {
  keeper.refusedOf('SYNC_FORK', phone)
  keeper.refusedOf('SYNC_FORK', phone)
  keeper.refusedOf('SYNC_GAP', phone)
  expect(keeper.peers.refusedOf(phone)).toEqual({ SYNC_FORK: 2, SYNC_GAP: 1 })
  expect(keeper.peers.refusedOf(deviceId('laptop'))).toEqual({})
})
