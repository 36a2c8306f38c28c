/** What every discovery must do. Run on the fake and on the real one; neither sleeps, both are awaited by their events. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MAX_TXT_ENTRIES, type Discovery, type Found } from '../../src/sync/discovery.ts'

export interface DiscoveryHarness {
  /** A discovery that is not started, on a network of the harness's own. */
  device(): Discovery
}

export function discoveryContract(name: string, create: () => DiscoveryHarness): void {
  describe(`discovery contract: ${name}`, () => {
    let harness: DiscoveryHarness
    let devices: Discovery[]
    // Other runs of this suite on the same network must not disturb this one.
    const run = Math.random().toString(36).slice(2)

    beforeEach(() => {
      harness = create()
      devices = []
    })
    afterEach(async () => {
      await Promise.all(devices.map((each) => each.stop()))
    })

    async function device(started = true): Promise<Discovery> {
      const made = harness.device()
      devices.push(made)
      if (started) await made.start()
      return made
    }
    const mine = (found: readonly Found[]): Found[] => found.filter(({ txt }) => txt.run === run)
    const who = (found: readonly Found[]): string[] =>
      mine(found)
        .map(({ txt }) => txt.who ?? '')
        .sort((a, b) => (a < b ? -1 : 1))
    const advert = (whose: string, port = 4_001) => ({ port, txt: { run, who: whose } })

    /** Waits until it has found exactly those, and returns them. */
    function until(discovery: Discovery, want: readonly string[]): Promise<string[]> {
      return new Promise((resolve) => {
        const check = (): void => {
          if (who(discovery.found()).join() !== want.join()) return
          end()
          resolve(who(discovery.found()))
        }
        const end = discovery.onChange(check)
        check()
      })
    }

    test('[DI1] devices find each other, and not themselves', async () => {
      const [a, b, c] = [await device(), await device(), await device()]
      a.announce(advert('a', 4_001))
      b.announce(advert('b', 4_002))
      c.announce(advert('c', 4_003))
      await Promise.all([until(a, ['b', 'c']), until(b, ['a', 'c']), until(c, ['a', 'b'])])
      const [found] = mine(a.found()).filter(({ txt }) => txt.who === 'b')
      expect(found).toMatchObject({ port: 4_002, txt: { run, who: 'b' } })
      expect(found?.addresses.length).toBeGreaterThan(0)
      expect(found?.lastSeenUnixMs).toBeGreaterThan(0)
    })

    test('[DI1] somebody who comes later finds those who announced before', async () => {
      const a = await device()
      a.announce(advert('early'))
      const b = await device()
      expect(await until(b, ['early'])).toEqual(['early'])
    })

    test('[DI1] an announcement made before the start counts from then on', async () => {
      const [a, b] = [await device(false), await device()]
      a.announce(advert('patient'))
      expect(a.found()).toEqual([])
      await a.start()
      await until(b, ['patient'])
    })

    test('[DI2] who only listens is not found', async () => {
      const [listener, a, b] = [await device(), await device(), await device()]
      a.announce(advert('a'))
      b.announce(advert('b'))
      const found = await Promise.all([until(listener, ['a', 'b']), until(a, ['b']), until(b, ['a'])])
      expect(found).toEqual([['a', 'b'], ['b'], ['a']])
    })

    test('[DI2] a new announcement replaces the old, and a withdrawn one is gone', async () => {
      const [a, b] = [await device(), await device()]
      a.announce(advert('first'))
      await until(b, ['first'])
      a.announce(advert('second'))
      await until(b, ['second'])
      a.announce(undefined)
      expect(await until(b, [])).toEqual([])
    })

    test('[DI3] stop says goodbye, forgets, and may be repeated', async () => {
      const [a, b] = [await device(), await device()]
      a.announce(advert('a'))
      b.announce(advert('b'))
      await Promise.all([until(b, ['a']), until(a, ['b'])])
      await Promise.all([a.stop(), a.stop()])
      await a.stop()
      await until(b, [])
      expect(a.found()).toEqual([])
    })

    test('[DI3] a stopped discovery can be started again and still announces', async () => {
      const [a, b] = [await device(), await device()]
      a.announce(advert('again'))
      await until(b, ['again'])
      await a.stop()
      await until(b, [])
      await a.start()
      expect(await until(b, ['again'])).toEqual(['again'])
    })

    test('[DI4] a listener that left is not called, and one that throws harms nobody', async () => {
      const [a, b] = [await device(), await device()]
      let calls = 0
      b.onChange(() => {
        throw new Error('on purpose')
      })
      const leave = b.onChange(() => calls++)
      leave()
      a.announce(advert('a'))
      await until(b, ['a'])
      expect(calls).toBe(0)
    })

    test.each([
      ['no port', { port: 0, txt: {} }],
      ['a port that does not exist', { port: 65_536, txt: {} }],
      ['a long entry', { port: 1, txt: { k: 'x'.repeat(254) } }],
      [
        'many entries',
        { port: 1, txt: Object.fromEntries(Array.from({ length: MAX_TXT_ENTRIES + 1 }, (_, n) => [`k${n}`, ''])) },
      ],
    ])('[DI5] refuses to announce %s', async (_what, bad) => {
      const a = await device()
      expect(() => a.announce(bad)).toThrow(expect.objectContaining({ code: 'DISCOVERY_ADVERT' }))
    })

    test('[DI5] announces what is just within the limits', async () => {
      const [a, b] = [await device(), await device()]
      const full = { run, who: 'full', long: 'x'.repeat(250) }
      a.announce({ port: 65_535, txt: full })
      await until(b, ['full'])
      expect(mine(b.found())[0]?.txt).toEqual(full)
    })
  })
}
