import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { handedKey, type StoredEntry } from '../../../src/store/control-table.ts'
import { openStore } from '../../../src/store/store.ts'
import {
  describeLog,
  device,
  grantId,
  incarnation,
  logId,
  opId,
  storeFixture,
  type StoreFixture,
} from './tables-fixture.ts'

let fixture: StoreFixture
beforeEach(() => {
  fixture = storeFixture()
})
afterEach(() => fixture.remove())

const plain = (bytes: Uint8Array | undefined) => bytes && [...bytes]

describe('the store', () => {
  test('[ST20] a transaction that throws leaves nothing behind', () => {
    const { store } = fixture
    expect(() =>
      store.transaction(() => {
        store.settings.set('a', 1)
        throw new RangeError('no')
      }),
    ).toThrow(RangeError)
    expect(store.settings.get('a')).toBeUndefined()
  })

  test('[ST7] what SQLite throws in a transaction is a StoreError', () => {
    const { store } = fixture
    const work = (): void => {
      store.transaction(() => {
        store.modules.insert('core', {})
        store.modules.insert('core', {})
      })
    }
    expect(work).toThrow(expect.objectContaining({ code: 'STORE_FAILED' }))
    expect(store.modules.all()).toEqual([])
  })

  test('[ST8] a store that must exist and does not is an error, and no file is made', () => {
    expect(() => openStore('/nonexistent/store.db', new Uint8Array(32), { mustExist: true })).toThrow(
      expect.objectContaining({ code: 'STORE_MISSING' }),
    )
  })
})

describe('logs', () => {
  test('[ST20] a log is added once, found by its key, and there after reopening', () => {
    const added = fixture.store.logs.add(describeLog('core'), true)
    expect(fixture.store.logs.add(describeLog('core', { module: 'another description' }), true)).toEqual(added)
    const again = fixture.reopen().logs
    expect(again.find(describeLog('core'))).toEqual(added)
    expect(again.byRow(added.rowId)).toEqual(added)
    expect(again.all()).toEqual([added])
  })

  test('[ST20] author, log and incarnation together are the key', () => {
    const { logs } = fixture.store
    logs.add(describeLog('core'), true)
    for (const change of [{ author: device('you') }, { log: logId('x') }, { incarnation: incarnation('second') }]) {
      expect(logs.find(describeLog('core', change))).toBeUndefined()
    }
  })

  test('[ST20] the own log of a module is that of the current incarnation, never a foreign one', () => {
    const { logs } = fixture.store
    logs.add(describeLog('core', { author: device('you') }), false)
    const own = logs.add(describeLog('core'), true)
    expect(logs.findOwn('traces', 'core', 'base', incarnation('first'))).toEqual(own)
    expect(logs.findOwn('logs', 'core', 'base', incarnation('first'))).toBeUndefined()
    expect(logs.findOwn('traces', 'core', 'base', incarnation('second'))).toBeUndefined()
    expect(logs.ofAuthor(device('you')).length).toBe(1)
  })
})

describe('epochs and keys', () => {
  const epoch = (n: number) => ({
    lane: 'traces' as const,
    n,
    startedUnixMs: 1000 + n,
    key: new Uint8Array(32).fill(n),
  })

  test('[ST20] epochs of a lane count up, the last is current, and a number is given once', () => {
    const { epochs } = fixture.store
    expect(epochs.current('traces')).toBeUndefined()
    epochs.insert(epoch(0))
    epochs.insert(epoch(1))
    expect(epochs.current('traces')).toMatchObject({ n: 1, startedUnixMs: 1001 })
    expect(plain(epochs.get('traces', 0)?.key)).toEqual(plain(epoch(0).key))
    expect(epochs.get('logs', 0)).toBeUndefined()
    expect(epochs.all('traces').map(({ n }) => n)).toEqual([0, 1])
    expect(() => epochs.insert(epoch(1))).toThrow('UNIQUE')
  })

  test('[ST20] a key received again changes nothing; keys of a lane and of a module are two keys', () => {
    const { epochs } = fixture.store
    const received = { ...epoch(3), owner: device('you'), module: undefined, grantId: grantId('g') }
    expect(epochs.insertReceived(received)).toBe(true)
    expect(epochs.insertReceived({ ...received, key: new Uint8Array(32).fill(9) })).toBe(false)
    expect(epochs.insertReceived({ ...received, module: 'core' })).toBe(true)
    expect(epochs.insertReceived({ ...received, ...epoch(4) })).toBe(true)
    const held = epochs.received(device('you'), 'traces')
    expect(held.map(({ n }) => n)).toEqual([4, 3, 3])
    expect(held.map(({ module, key }) => `${module} ${key[0]}`).sort()).toEqual([
      'core 3',
      'undefined 3',
      'undefined 4',
    ])
    expect(epochs.received(device('me'), 'traces')).toEqual([])
    expect(epochs.deleteReceived(device('you'))).toBe(3)
  })
})

describe('control', () => {
  const entry = (seq: number, change: Partial<StoredEntry> = {}): StoredEntry => ({
    owner: device('me'),
    recipient: device('you'),
    seq,
    entryId: Uint8Array.of(seq),
    kind: 'consent',
    bytes: Uint8Array.of(9, seq),
    opened: Uint8Array.of(8, seq),
    ...change,
  })

  test('[ST20] an operation is kept once, whatever the order it came in', () => {
    const { control } = fixture.store
    expect(control.insertOp(opId('b'), Uint8Array.of(2))).toBe(true)
    expect(control.insertOp(opId('a'), Uint8Array.of(1))).toBe(true)
    expect(control.insertOp(opId('a'), Uint8Array.of(7))).toBe(false)
    const first = control.membershipOps().map((bytes) => bytes[0])
    expect([first.length, new Set(first)]).toEqual([2, new Set([1, 2])])
  })

  test('[ST20] one log a pair and direction; a place is written once', () => {
    const { control } = fixture.store
    control.insertEntry(entry(0))
    control.insertEntry(entry(1, { kind: 'keys', opened: undefined }))
    control.insertEntry(entry(0, { owner: device('you'), recipient: device('me') }))
    expect(() => control.insertEntry(entry(1))).toThrow('UNIQUE')
    expect(control.entries(device('me'), device('you')).map(({ seq, kind }) => [seq, kind])).toEqual([
      [0, 'consent'],
      [1, 'keys'],
    ])
    expect(control.entries(device('me'), device('you'), 1).length).toBe(1)
    expect(control.last(device('me'), device('you'))).toMatchObject({ seq: 1, opened: undefined })
    expect(control.last(device('me'), device('nobody'))).toBeUndefined()
    expect(control.ofKind('consent').length).toBe(2)
  })

  test('[ST20] what was handed over is remembered once', () => {
    const { control } = fixture.store
    control.insertHanded(device('you'), grantId('g'), 'logs', 4, 'key:*')
    control.insertHanded(device('you'), grantId('g'), 'logs', 4, 'key:*')
    expect([...control.handedTo(device('you'))]).toEqual([handedKey(grantId('g'), 'logs', 4, 'key:*')])
    expect(control.handedTo(device('me')).size).toBe(0)
  })
})

describe('small tables', () => {
  test('[ST20] settings hold JSON, the last value wins', () => {
    const { settings } = fixture.store
    settings.set('a', { deep: [1, null, 'x'] })
    settings.set('a', { deep: [2] })
    expect(fixture.reopen().settings.get('a')).toEqual({ deep: [2] })
  })

  test('[ST20] counters add up and outlive the run', () => {
    fixture.store.counters.add('b', 2)
    fixture.store.counters.add('a', 1)
    fixture.store.counters.add('b', 3)
    expect(fixture.reopen().counters.all()).toEqual({ a: 1, b: 5 })
  })

  test('[ST20] modules come in order of their names, and removing says whether there was one', () => {
    const { modules } = fixture.store
    modules.insert('z', { n: 1 })
    modules.insert('a', { n: 2 })
    expect(modules.all()).toEqual([
      { name: 'a', record: { n: 2 } },
      { name: 'z', record: { n: 1 } },
    ])
    expect([modules.delete('a'), modules.delete('a')]).toEqual([true, false])
  })

  test('[ST20] invitations end at their time, to the millisecond, and remember who used them', () => {
    const { invitations } = fixture.store
    const tokenId = Uint8Array.of(1)
    invitations.insert({ tokenId, token: Uint8Array.of(2), expiresUnixMs: 1000 })
    expect([invitations.openCount(999), invitations.openCount(1000)]).toEqual([1, 0])
    expect(invitations.use(tokenId, device('you'))).toBe(true)
    expect(invitations.openCount(999)).toBe(0)
    expect(invitations.get(tokenId)).toMatchObject({ expiresUnixMs: 1000, usedBy: device('you') })
    invitations.prune(999)
    expect(invitations.get(tokenId)).toBeDefined()
    invitations.prune(1000)
    expect(invitations.get(tokenId)).toBeUndefined()
  })

  test('[PA5] an invitation is used once, by one device, and forgotten with it', () => {
    const { invitations } = fixture.store
    const [used, open] = [Uint8Array.of(1), Uint8Array.of(2)]
    for (const tokenId of [used, open]) invitations.insert({ tokenId, token: tokenId, expiresUnixMs: 1000 })
    expect([device('you'), device('them'), device('you')].map((by) => invitations.use(used, by))).toEqual([
      true,
      false,
      false,
    ])
    expect(invitations.get(used)?.usedBy).toBe(device('you'))
    invitations.forgetUsedBy(device('them'))
    expect(invitations.get(used)).toBeDefined()
    invitations.forgetUsedBy(device('you'))
    expect([invitations.get(used), invitations.get(open)?.usedBy]).toEqual([undefined, undefined])
    expect(invitations.openCount(0)).toBe(1)
    expect(invitations.use(used, device('you'))).toBe(false)
  })

  test('[ST20] what is remembered of a peer comes back whole, unknowns included', () => {
    const known = {
      deviceId: device('you'),
      addresses: ['/ip4/10.0.0.2/tcp/4001'],
      lastSeenUnixMs: 10,
      syncedUnixMs: 9,
      pending: 3,
      clock: { offsetMs: -1.5, errorMs: 0.25, roundTripMs: 0.5 },
      clockHistory: [{ atUnixMs: 8, offsetMs: -1.5, errorMs: 0.25, isStep: true }],
      said: { saidUnixMs: 8, addresses: ['/ip4/10.0.0.2/tcp/4001'] },
      hints: [{ by: device('her'), saidUnixMs: 7, addresses: [] }],
    }
    const unknown = {
      deviceId: device('new'),
      addresses: [],
      lastSeenUnixMs: undefined,
      syncedUnixMs: undefined,
      pending: 0,
      clock: undefined,
      clockHistory: [],
      said: undefined,
      hints: [],
    }
    fixture.store.peers.set({ ...known, pending: 99 })
    fixture.store.peers.set({ ...known, lastSeenUnixMs: 10.7 })
    fixture.store.peers.set(unknown)
    const all = [...fixture.reopen().peers.all()]
    expect(all.find(({ deviceId }) => deviceId === known.deviceId)).toEqual(known)
    expect(all.find(({ deviceId }) => deviceId === unknown.deviceId)).toEqual(unknown)
  })
})
