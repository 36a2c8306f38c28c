import { describe, expect, test } from 'vitest'
import { FoundTable } from '../../../../src/sync/discovery/found-table.ts'
import { MemoryDiscovery, MemoryLan } from '../../../../src/sync/discovery/memory-discovery.ts'
import { ASK_PERIOD_MS, FORGET_AFTER_MS, MAX_FOUND } from '../../../../src/sync/discovery.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { silentLog, turns } from '../../../support/network-devices.ts'

const announced = (port = 1, addresses = ['10.0.0.1']) => ({ addresses, port, txt: { a: '1', b: '2' } })

function table() {
  const clock = manualClock()
  const made = new FoundTable({ clock, log: silentLog })
  let changes = 0
  made.onChange(() => changes++)
  return { clock, table: made, changes: () => changes }
}

describe('FoundTable', () => {
  test('[DI12] forgets who was not seen for long enough, not a moment before', () => {
    const { clock, table: found, changes } = table()
    found.seen('x', announced())
    clock.advance(FORGET_AFTER_MS)
    found.expire()
    expect([found.list().length, changes()]).toEqual([1, 1])
    clock.advance(1)
    found.expire()
    expect([found.list().length, changes()]).toEqual([0, 2])
  })

  test('[DI12] hearing the same again keeps somebody, and is no change', () => {
    const { clock, table: found, changes } = table()
    found.seen('x', announced(1, ['10.0.0.1', '10.0.0.2']))
    clock.advance(FORGET_AFTER_MS)
    found.seen('x', { ...announced(1, ['10.0.0.2', '10.0.0.1']), txt: { b: '2', a: '1' } })
    clock.advance(FORGET_AFTER_MS)
    found.expire()
    expect([found.list().length, changes()]).toEqual([1, 1])
    expect(found.list()[0]?.lastSeenUnixMs).toBe(clock.now() - FORGET_AFTER_MS)
  })

  test.each([
    { name: 'another port', next: announced(2) },
    { name: 'another address', next: announced(1, ['10.0.0.7']) },
    { name: 'another entry', next: { ...announced(), txt: { a: '1' } } },
  ])('[DI12] $name is a change', ({ next }) => {
    const { table: found, changes } = table()
    found.seen('x', announced())
    found.seen('x', next)
    expect([found.list(), changes()]).toEqual([[expect.objectContaining(next)], 2])
  })

  test('[DI12] a flood of names pushes out those not seen for longest, and no more is kept', () => {
    const { table: found } = table()
    for (let n = 0; n < MAX_FOUND; n++) found.seen(`old ${n}`, announced(n + 1))
    found.seen('old 0', announced(1))
    found.seen('new', announced(9_000))
    const ports = found.list().map(({ port }) => port)
    expect(ports).toHaveLength(MAX_FOUND)
    expect(ports).toContain(1)
    expect(ports).not.toContain(2)
  })

  test('[DI12] the end of somebody unknown is no change', () => {
    const { table: found, changes } = table()
    found.gone('nobody')
    found.clear()
    expect(changes()).toBe(0)
  })
})

test('[DI12] a device that vanishes without a goodbye is asked for, and forgotten in the end', async () => {
  const [clock, lan] = [manualClock(), new MemoryLan()]
  const make = (address: string) => new MemoryDiscovery({ clock, log: silentLog, lan, address })
  const [a, b] = [make('10.0.0.1'), make('10.0.0.2')]
  await a.start()
  await b.start()
  a.announce({ port: 1, txt: {} })
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += ASK_PERIOD_MS) {
      clock.advance(ASK_PERIOD_MS)
      await turns(1)
    }
  }
  await pass(FORGET_AFTER_MS * 3)
  expect(b.found()).toHaveLength(1)
  lan.leave(a)
  await pass(FORGET_AFTER_MS - ASK_PERIOD_MS)
  expect(b.found()).toHaveLength(1)
  await pass(ASK_PERIOD_MS * 2)
  expect(b.found()).toEqual([])
})
