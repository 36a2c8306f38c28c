import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Keeper } from '../../../src/agent/keeper/keeper.ts'
import { openKeyFile, type KeyStore } from '../../../src/agent/key-file.ts'
import { DRAFT_FILE, makeDevice } from '../../../src/agent/new-device.ts'
import type { Crypto } from '../../../src/base/crypto.ts'
import { codeOf } from '../../../src/base/errors.ts'
import { layOutHome } from '../../../src/platform/home.ts'
import { hpkePublicKey } from '../../../src/platform/hpke.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { manualClock } from '../../support/manual-clock.ts'

const PASSPHRASE = 'long enough'
const clock = manualClock()
let parent: string
let home: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'new-device-'))
  home = join(parent, 'home')
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))

interface Making {
  readonly crypto?: Crypto
  readonly keyStore?: KeyStore
  readonly passphrase?: string
}

function make(at: string, { crypto = nodeCrypto, keyStore = 'file', passphrase = PASSPHRASE }: Making = {}) {
  return makeDevice({ clock, crypto }, { home: at, name: 'phone', keyStore, passphrase })
}

const codeFrom = (work: Promise<unknown>): Promise<string> => work.then(() => 'nothing was thrown', codeOf)
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)
const contentOf = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'lock.db')
    .map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name)).toString('hex')] as const)
    .sort(([a], [b]) => a.localeCompare(b))

/** Opens a device as a start does. @returns its id, and what its audit log begins with */
async function open(at: string) {
  const { storeFile, auditFile } = layOutHome(at)
  const keys = await openKeyFile(nodeCrypto, at, PASSPHRASE)
  const keyStore = existsSync(join(at, 'master.key')) ? ('file' as const) : ('passphrase' as const)
  const keeper = new Keeper(
    { clock, crypto: nodeCrypto, onEvent: () => undefined, onFailure: () => undefined },
    { storeFile, auditFile, keys, keyStore, sealPublicKey: hpkePublicKey(keys.seal) },
  )
  const leaves = keeper.audit.list().map(({ leaf }) => leaf.type)
  keeper.close()
  return { deviceId: keeper.card.deviceId, name: keeper.card.name, leaves }
}

/** Every call is a moment at which a kill may come: `onCall` sees the home as the kill would leave it. */
function watchedCrypto(onCall: () => void): Crypto {
  return new Proxy(nodeCrypto, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        onCall()
        return Reflect.apply(value, target, args)
      }
    },
  })
}

describe('what is made', () => {
  test('[ID5] the folder is 0700, every file 0600, and no draft is left', async () => {
    mkdirSync(home, { mode: 0o755 })
    await make(home)
    expect(modeOf(home)).toBe('700')
    expect(readdirSync(home).sort()).toEqual([
      'audit.db',
      'carried',
      'keys.json',
      'lock.db',
      'master.key',
      'packs',
      'store.db',
    ])
    for (const folder of ['carried', 'packs']) expect(modeOf(join(home, folder))).toBe('700')
    for (const file of ['audit.db', 'keys.json', 'master.key', 'store.db']) expect(modeOf(join(home, file))).toBe('600')
  })

  test.each(['file', 'passphrase'] as const)('[ID15] a device under the key store %s opens', async (keyStore) => {
    const deviceId = await make(home, { keyStore })
    expect(await open(home)).toEqual({ deviceId, name: 'phone', leaves: ['device.created'] })
  })

  test('[ID4] nothing is written for a passphrase that is too short', async () => {
    expect(await codeFrom(make(home, { keyStore: 'passphrase', passphrase: 'short' }))).toBe('PASSPHRASE_TOO_SHORT')
    expect(existsSync(home)).toBe(false)
  })
})

describe('what is there', () => {
  test('[ID7] a device is never overwritten', async () => {
    await make(home)
    const before = contentOf(home)
    expect(await codeFrom(make(home))).toBe('HOME_EXISTS')
    expect(contentOf(home)).toEqual(before)
  })

  test.each(['store.db', 'audit.db', 'master.key'])(
    '[ID7] a device that has lost its keys.json keeps its %s',
    async (file) => {
      mkdirSync(home)
      writeFileSync(join(home, file), 'all there is')
      expect(await codeFrom(make(home))).toBe('KEYS_MISSING')
      expect(contentOf(home)).toEqual([[file, Buffer.from('all there is').toString('hex')]])
    },
  )

  test('[ID7] and is whole again once its keys.json is back', async () => {
    const deviceId = await make(home)
    const keys = readFileSync(join(home, 'keys.json'))
    rmSync(join(home, 'keys.json'))
    expect(await codeFrom(make(home))).toBe('KEYS_MISSING')
    writeFileSync(join(home, 'keys.json'), keys)
    expect(await open(home)).toMatchObject({ deviceId })
  })

  test('[ID15] of several at once one wins, and its device is the one that is there', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => make(home)))
    const made = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [codeOf(outcome.reason)] : []))
    expect(refused).toEqual(['HOME_EXISTS', 'HOME_EXISTS', 'HOME_EXISTS'])
    expect(await open(home)).toMatchObject({ deviceId: made[0] })
  })
})

describe('a kill', () => {
  test.each(['file', 'passphrase'] as const)(
    '[ID15] at any moment under %s leaves no device, and a second init works',
    async (keyStore) => {
      const moments: string[] = []
      const snapshot = (): void => {
        if (!existsSync(home)) return
        const copy = join(parent, `moment-${moments.length}`)
        cpSync(home, copy, { recursive: true })
        moments.push(copy)
      }
      await make(home, { crypto: watchedCrypto(snapshot), keyStore })
      expect(moments.length).toBeGreaterThan(20)
      for (const moment of moments) {
        expect(existsSync(join(moment, 'keys.json'))).toBe(false)
        expect(await codeFrom(open(moment))).toBe('HOME_MISSING')
        const deviceId = await make(moment)
        expect(await open(moment)).toEqual({ deviceId, name: 'phone', leaves: ['device.created'] })
      }
    },
  )

  test('[ID15] a failure in between leaves no device either', async () => {
    let calls = 0
    const failing = watchedCrypto(() => {
      if (existsSync(home) && ++calls === 20) throw new Error('out of order')
    })
    await expect(make(home, { crypto: failing })).rejects.toThrow('out of order')
    expect(await codeFrom(open(home))).toBe('HOME_MISSING')
    await make(home)
    await open(home)
  })

  test('[ID6] a master key that a killed attempt left is gone once a passphrase protects the device', async () => {
    mkdirSync(home)
    for (const file of [DRAFT_FILE, 'master.key', 'store.db', 'store.db-wal']) writeFileSync(join(home, file), 'left')
    await make(home, { keyStore: 'passphrase' })
    expect(readdirSync(home).sort()).toEqual(['audit.db', 'carried', 'keys.json', 'lock.db', 'packs', 'store.db'])
    await open(home)
  })
})
