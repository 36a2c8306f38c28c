import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  MIN_PASSPHRASE_CHARS,
  openKeyFile,
  readKeyStore,
  ROLES,
  sealKeys,
  type DeviceKeys,
} from '../../../src/agent/key-file.ts'
import { toHex } from '../../../src/base/bytes.ts'
import { codeOf } from '../../../src/base/errors.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { randomKeys } from '../../support/keeper-home.ts'

interface Wrapped {
  readonly nonce: string
  readonly sealed: string
}
interface KeysJson {
  readonly v: number
  readonly keyStore: string
  readonly kdf?: Readonly<Record<string, unknown>>
  readonly master?: Wrapped
  readonly keys: Readonly<Record<string, Wrapped>>
}
const vector = JSON.parse(readFileSync(new URL('../../vectors/keys-v1.json', import.meta.url), 'utf8')) as {
  readonly passphrase: string
  readonly keys: Readonly<Record<string, string>>
  readonly locked: { readonly keysJson: KeysJson }
  readonly file: { readonly keysJson: KeysJson; readonly masterKey: string }
}

let parent: string
let home: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'keys-'))
  home = join(parent, 'home')
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))

const hexOf = (keys: DeviceKeys) => Object.fromEntries(ROLES.map((role) => [role, toHex(keys[role])]))
const open = (passphrase?: string) => openKeyFile(nodeCrypto, home, passphrase)

async function codeFrom(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'nothing was thrown'
  } catch (err) {
    return codeOf(err)
  }
}

/** Lays a home out as if it had always been there. */
function lay(keysJson: object | string, masterKey?: string): void {
  mkdirSync(home, { recursive: true })
  writeFileSync(join(home, 'keys.json'), typeof keysJson === 'string' ? keysJson : JSON.stringify(keysJson))
  if (masterKey !== undefined) writeFileSync(join(home, 'master.key'), masterKey)
}

describe('the format', () => {
  test('[ID1] a keys.json of version 1 under a file opens for ever', async () => {
    lay(vector.file.keysJson, `${vector.file.masterKey}\n`)
    expect(readKeyStore(home)).toBe('file')
    expect(hexOf(await open())).toEqual(vector.keys)
  })

  test('[ID1] a keys.json of version 1 under a passphrase opens for ever', async () => {
    lay(vector.locked.keysJson)
    expect(readKeyStore(home)).toBe('passphrase')
    expect(hexOf(await open(vector.passphrase))).toEqual(vector.keys)
  })

  test('[ID2] one key for each role, and no two wraps share a nonce', () => {
    const { keys, master } = vector.locked.keysJson
    expect(Object.keys(keys)).toEqual([...ROLES])
    const nonces = [...Object.values(keys), master].map((wrapped) => wrapped?.nonce)
    expect(new Set(nonces).size).toBe(ROLES.length + 1)
  })

  test('[ID3] the cost of a guess is argon2id with 64 MiB and three passes', () => {
    expect(vector.locked.keysJson.kdf).toMatchObject({ name: 'argon2id', memoryKiB: 65_536, passes: 3, lanes: 1 })
  })

  test('[ID4] a passphrase counts as NFKC: the same letters typed on another keyboard open it', async () => {
    lay(vector.locked.keysJson)
    expect(vector.passphrase).toContain('Ⅷ')
    expect(hexOf(await open(vector.passphrase.normalize('NFKC')))).toEqual(vector.keys)
  })
})

describe('sealing', () => {
  test('[ID2] what was sealed comes back, under either key store', async () => {
    const keys = randomKeys()
    for (const [keyStore, passphrase] of [['file', undefined] as const, ['passphrase', 'long enough'] as const]) {
      const { keysText, masterText } = await sealKeys(nodeCrypto, keyStore, keys, passphrase)
      lay(keysText, masterText)
      expect(hexOf(await open(passphrase))).toEqual(hexOf(keys))
    }
  })

  test('[ID6] under a passphrase the master key is only wrapped', async () => {
    const { masterText } = await sealKeys(nodeCrypto, 'passphrase', randomKeys(), 'long enough')
    expect(masterText).toBeUndefined()
  })

  test('[ID4] a passphrase has at least eight characters', async () => {
    const seal = (passphrase?: string) => sealKeys(nodeCrypto, 'passphrase', randomKeys(), passphrase)
    expect(await codeFrom(seal('x'.repeat(MIN_PASSPHRASE_CHARS - 1)))).toBe('PASSPHRASE_TOO_SHORT')
    expect(await codeFrom(seal(undefined))).toBe('PASSPHRASE_MISSING')
    await seal('x'.repeat(MIN_PASSPHRASE_CHARS))
  })
})

describe('refusing', () => {
  const { locked, file, passphrase } = vector
  const altered = (change: (json: Record<string, unknown>) => void, of: KeysJson = locked.keysJson): object => {
    const copy = structuredClone(of) as unknown as Record<string, unknown>
    change(copy)
    return copy
  }
  const kdf = (change: object) => (json: Record<string, unknown>) => {
    json['kdf'] = { ...(json['kdf'] as object), ...change }
  }
  const flip = (text: string): string => {
    const bytes = Buffer.from(text, 'base64')
    bytes[0] = (bytes[0] ?? 0) ^ 1
    return bytes.toString('base64')
  }

  const locks: readonly { name: string; json: object | string; code: string; passphrase?: string | undefined }[] = [
    { name: 'another passphrase', json: locked.keysJson, passphrase: 'correct horse', code: 'PASSPHRASE_WRONG' },
    { name: 'no passphrase', json: locked.keysJson, passphrase: undefined, code: 'PASSPHRASE_MISSING' },
    { name: 'text that is not JSON', json: '{', code: 'KEYS_MALFORMED' },
    { name: 'JSON that is no object', json: '[]', code: 'KEYS_MALFORMED' },
    { name: 'a later version', json: altered((json) => (json['v'] = 2)), code: 'KEYS_VERSION' },
    { name: 'a key store nobody knows', json: altered((json) => (json['keyStore'] = 'cloud')), code: 'KEYS_MALFORMED' },
    {
      name: 'a role that is missing',
      json: altered((json) => delete (json['keys'] as Record<string, unknown>)['audit']),
      code: 'KEYS_MALFORMED',
    },
    { name: 'no cost at all', json: altered((json) => delete json['kdf']), code: 'KEYS_MALFORMED' },
    { name: 'no wrapped master key', json: altered((json) => delete json['master']), code: 'KEYS_MALFORMED' },
    { name: 'less memory than ours', json: altered(kdf({ memoryKiB: 65_535 })), code: 'KEYS_MALFORMED' },
    {
      name: 'memory that would exhaust the host',
      json: altered(kdf({ memoryKiB: 1_048_577 })),
      code: 'KEYS_MALFORMED',
    },
    { name: 'no pass', json: altered(kdf({ passes: 0 })), code: 'KEYS_MALFORMED' },
    { name: 'seventeen passes', json: altered(kdf({ passes: 17 })), code: 'KEYS_MALFORMED' },
    { name: 'two lanes', json: altered(kdf({ lanes: 2 })), code: 'KEYS_MALFORMED' },
    { name: 'a short salt', json: altered(kdf({ salt: 'AAAA' })), code: 'KEYS_MALFORMED' },
    { name: 'another function', json: altered(kdf({ name: 'scrypt' })), code: 'KEYS_MALFORMED' },
    // The cost is bound: what a guess costs cannot be lowered by editing the file.
    { name: 'fewer passes than were used', json: altered(kdf({ passes: 1 })), code: 'PASSPHRASE_WRONG' },
    {
      name: 'an altered master key',
      json: altered((json) => {
        const master = json['master'] as Wrapped
        json['master'] = { ...master, sealed: flip(master.sealed) }
      }),
      code: 'PASSPHRASE_WRONG',
    },
  ]
  test.each(locks)('[ID8] $name is $code', async ({ json, code, ...row }) => {
    lay(json)
    expect(await codeFrom(open('passphrase' in row ? row.passphrase : passphrase))).toBe(code)
  })

  const wraps: readonly { name: string; change: (keys: Record<string, Wrapped>) => void; code: string }[] = [
    {
      name: 'an altered key',
      change: (keys) =>
        (keys['device'] = { nonce: keys['device']?.nonce ?? '', sealed: flip(keys['device']?.sealed ?? '') }),
      code: 'KEYS_TAMPERED',
    },
    {
      name: 'a key under the wrong role',
      change: (keys) => (keys['peer'] = keys['device'] as Wrapped),
      code: 'KEYS_TAMPERED',
    },
    {
      name: 'a wrap that is shorter than its tag',
      change: (keys) => (keys['seal'] = { nonce: keys['seal']?.nonce ?? '', sealed: 'AAAA' }),
      code: 'KEYS_TAMPERED',
    },
    {
      name: 'a nonce of another length',
      change: (keys) => (keys['seal'] = { nonce: 'AAAA', sealed: keys['seal']?.sealed ?? '' }),
      code: 'KEYS_MALFORMED',
    },
  ]
  test.each(wraps)('[ID9] $name is $code', async ({ change, code }) => {
    lay(
      altered((json) => change(json['keys'] as Record<string, Wrapped>), file.keysJson),
      file.masterKey,
    )
    expect(await codeFrom(open())).toBe(code)
  })

  test('[ID9] the recorded choice cannot be edited: keys wrapped under a passphrase open under no file', async () => {
    lay(
      altered((json) => (json['keyStore'] = 'file')),
      file.masterKey,
    )
    expect(await codeFrom(open())).toBe('KEYS_TAMPERED')
  })

  const masters: readonly { name: string; master: string | undefined; code: string }[] = [
    { name: 'a master key file that is gone', master: undefined, code: 'KEYS_MASTER_MISSING' },
    { name: 'a master key file cut short', master: file.masterKey.slice(2), code: 'KEYS_MALFORMED' },
    { name: 'a master key file that is no hex', master: 'z'.repeat(64), code: 'KEYS_MALFORMED' },
    { name: 'the master key of another device', master: 'ab'.repeat(32), code: 'KEYS_TAMPERED' },
  ]
  test.each(masters)('[ID8] $name is $code', async ({ master, code }) => {
    lay(file.keysJson, master)
    expect(await codeFrom(open())).toBe(code)
  })

  test('[ID8] a home without a device is HOME_MISSING', async () => {
    expect(await codeFrom(open())).toBe('HOME_MISSING')
  })

  test('[ID10] no error says anything of a key or a passphrase', async () => {
    lay(locked.keysJson)
    const err = (await open('my secret words').catch((each: unknown) => each)) as Error
    expect(`${err.message} ${JSON.stringify(err)}`).not.toContain('my secret words')
  })
})
