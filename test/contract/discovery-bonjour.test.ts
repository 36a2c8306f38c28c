import { describe, expect, test } from 'vitest'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { BonjourDiscovery } from '../../src/sync/discovery/bonjour.ts'
import { ASK_PERIOD_MS } from '../../src/sync/discovery.ts'
import { manualClock } from '../support/manual-clock.ts'
import { silentLog, turns } from '../support/network-devices.ts'
import { discoveryContract } from './discovery-contract.ts'

// Loopback, so that the suite needs no network and asks nobody else's.
const interfaces = (): string[] => ['127.0.0.1']

discoveryContract('bonjour on loopback', () => {
  const clock = manualClock()
  return { device: () => new BonjourDiscovery({ clock, log: silentLog, crypto: nodeCrypto }, { interfaces }) }
})

describe('bonjour', () => {
  const udp = (): number => process.getActiveResourcesInfo().filter((kind) => /UDP/.test(kind)).length

  test('[DI6] stop leaves no socket and no timer', async () => {
    await turns(20)
    const before = process.getActiveResourcesInfo().sort((a, b) => (a < b ? -1 : 1))
    const a = new BonjourDiscovery({ clock: manualClock(), log: silentLog, crypto: nodeCrypto }, { interfaces })
    await a.start()
    a.announce({ port: 1, txt: {} })
    await turns(5)
    expect(udp()).toBeGreaterThan(0)
    await a.stop()
    await turns(20)
    expect(udp()).toBe(before.filter((kind) => /UDP/.test(kind)).length)
  })

  test('[DI7] an interface that is not there is logged once, finds nothing and harms nothing', async () => {
    const clock = manualClock()
    const warnings: object[] = []
    const log = { ...silentLog, warn: (fields: object) => warnings.push(fields) }
    const nowhere = new BonjourDiscovery({ clock, log, crypto: nodeCrypto }, { interfaces: () => ['203.0.113.7'] })
    await nowhere.start()
    nowhere.announce({ port: 1, txt: {} })
    for (let n = 0; n < 4; n++) {
      await turns(20)
      clock.advance(ASK_PERIOD_MS)
    }
    expect(nowhere.found()).toEqual([])
    await nowhere.stop()
    expect(new Set(warnings.map((fields) => (fields as { code: string }).code)).size).toBe(warnings.length)
    expect(warnings.length).toBeGreaterThan(0)
  })

  test('[DI8] follows the interfaces of the machine', async () => {
    const clock = manualClock()
    let addresses: string[] = []
    const make = (from: () => string[]): BonjourDiscovery =>
      new BonjourDiscovery({ clock, log: silentLog, crypto: nodeCrypto }, { interfaces: from })
    const [a, b] = [make(() => addresses), make(interfaces)]
    await a.start()
    a.announce({ port: 7, txt: { who: 'roaming' } })
    await b.start()
    const found = new Promise<void>((resolve) => {
      b.onChange(() => b.found().some(({ txt }) => txt.who === 'roaming') && resolve())
    })
    expect(udp()).toBeGreaterThan(0)
    addresses = ['127.0.0.1']
    clock.advance(5_000)
    await found
    await Promise.all([a.stop(), b.stop()])
  })
})
