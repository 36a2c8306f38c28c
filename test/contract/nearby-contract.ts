/** What nearby pairing asks of a network, run on the one of memory and on the real one. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { codeOf } from '../../src/base/errors.ts'
import type { Comparison } from '../../src/sync/pairing/nearby-pairing.ts'
import { LET_CALL_MS } from '../../src/sync/pairing/open-doors.ts'
import { manualClock, type ManualClock } from '../support/manual-clock.ts'
import { NearbyDevice } from '../support/nearby-device.ts'
import type { Device } from '../support/network-devices.ts'

export function nearbyContract(name: string, newDevice: () => Device): void {
  describe(`nearby pairing over the ${name}`, () => {
    let clock: ManualClock
    let phone: NearbyDevice
    let laptop: NearbyDevice
    let all: NearbyDevice[]
    beforeEach(async () => {
      clock = manualClock()
      all = []
      const devices = [await add('phone'), await add('laptop')]
      // The first has the lower key: it is the one that calls.
      ;[phone, laptop] = devices.toSorted((a, b) => Buffer.compare(a.device.peerKey, b.device.peerKey)) as [
        NearbyDevice,
        NearbyDevice,
      ]
    })
    afterEach(async () => {
      for (const { nearby, device } of all) {
        nearby.stop()
        await device.network.stop()
      }
    })

    async function add(called: string): Promise<NearbyDevice> {
      const added = new NearbyDevice(called, newDevice(), clock)
      all.push(added)
      await added.device.network.start()
      await added.device.network.listen(0)
      void added.serve()
      return added
    }
    const wait = (device: NearbyDevice): Promise<Comparison> => device.nearby.open(new AbortController().signal)
    const members = (device: NearbyDevice): number => device.members.current().members.size
    /** Doors are open, and each has found the others. */
    async function compared(): Promise<readonly [Comparison, Comparison]> {
      const both = Promise.all([wait(phone), wait(laptop)])
      await ready(phone, laptop)
      meet()
      return both
    }
    function meet(): void {
      laptop.nearby.found([phone.door()])
      phone.nearby.found([laptop.door()])
    }
    async function ready(...devices: readonly NearbyDevice[]): Promise<void> {
      while (!devices.every(({ nearby }) => nearby.isOpen())) await new Promise((resolve) => setImmediate(resolve))
    }

    test('[PN1] one code on both, and one mesh once both said yes', async () => {
      const [a, b] = await compared()
      expect(a.code).toEqual(b.code)
      const ends = await Promise.all([phone.nearby.say('same'), laptop.nearby.say({ code: a.code.numbers.join(' ') })])
      expect(ends.map((end) => end.name)).toEqual([laptop.name, phone.name])
      expect([members(phone), members(laptop)]).toEqual([2, 2])
      expect(phone.members.digest()).toEqual(laptop.members.digest())
      expect([phone.failures, laptop.failures]).toEqual([[], []])
    })

    test('[PN7] “they differ” on one ends it on both', async () => {
      await compared()
      const outcome = laptop.nearby.outcome().catch((err: unknown) => codeOf(err))
      await phone.nearby.reject('differ')
      expect(await outcome).toBe('PAIR_CODES_DIFFER')
      expect([phone.failures, laptop.failures]).toEqual([['PAIR_CODES_DIFFER'], ['PAIR_CODES_DIFFER']])
      expect([members(phone), members(laptop)]).toEqual([1, 1])
    })

    test('[PN7] a device that goes away while codes are compared ends it on the other', async () => {
      await compared()
      const outcome = phone.nearby.outcome().catch((err: unknown) => codeOf(err))
      await laptop.device.network.stop()
      expect(await outcome).toBe('PAIR_LINK_ENDED')
    })

    test('[PN3] two that call each other at the same moment have one ceremony', async () => {
      const both = Promise.all([wait(phone), wait(laptop)])
      await ready(phone, laptop)
      laptop.nearby.found([phone.door()])
      clock.advance(LET_CALL_MS) // the laptop calls
      meet() // and so does the phone
      const [a, b] = await both
      expect(a.code).toEqual(b.code)
    })

    test('[PN3] a call that does not come through does not keep the other from calling', async () => {
      phone.lost.add(toHex(laptop.device.peerKey))
      const both = Promise.all([wait(phone), wait(laptop)])
      await ready(phone, laptop)
      meet()
      clock.advance(LET_CALL_MS)
      const [a, b] = await both
      expect(a.code).toEqual(b.code)
    })

    test('[PN3] [PN10] doors that one host announces by the dozen keep nobody else’s from being called', async () => {
      const decoys = Array.from({ length: 48 }, (_, n) => ({
        peerKey: new Uint8Array(32).fill(255 - n),
        addresses: [`/ip4/10.9.9.9/tcp/${n + 1}`],
      }))
      for (const { peerKey } of decoys) phone.lost.add(toHex(peerKey))
      const both = Promise.all([wait(phone), wait(laptop)])
      await ready(phone, laptop)
      phone.nearby.found([...decoys, laptop.door()])
      const [a, b] = await both
      expect(a.code).toEqual(b.code)
    })

    test('[PN10] silent callers keep nobody out', async () => {
      const stranger = await add('stranger')
      const waiting = wait(laptop)
      await ready(laptop)
      const silent = await Promise.all([1, 2, 3].map(() => stranger.knock(laptop)))
      const [a, b] = await Promise.all([waiting, comparedBy(phone)])
      expect(a.code).toEqual(b.code)
      expect(silent).toHaveLength(3)
    })

    async function comparedBy(device: NearbyDevice): Promise<Comparison> {
      const waiting = wait(device)
      await ready(device)
      device.nearby.found([laptop.door()])
      return waiting
    }
  })
}
