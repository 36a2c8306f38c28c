/**
 * keys.json: the device's secret keys, one per role, each wrapped under the device master key (docs/spec/identity.md).
 *
 *   { v: 1, keyStore: 'file' | 'passphrase', kdf?: {...}, master?: Wrapped, keys: { role: Wrapped } }
 *   Wrapped = { nonce: base64(12 bytes), sealed: base64(ciphertext || 16-byte tag) }
 *
 * With `file` the master key stands in master.key (0600); with `passphrase` it is wrapped under argon2id(passphrase)
 * in `master` and no other copy exists. The associated data of every wrap names the key store, so that editing the
 * recorded choice opens nothing. Versions other than 1 are refused. How the files come to disk: new-device.ts.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { argon2id } from 'hash-wasm'
import { fromHex, toHex, utf8 } from '../base/bytes.ts'
import type { Crypto } from '../base/crypto.ts'
import { MeshError } from '../base/errors.ts'

export type KeyStore = 'file' | 'passphrase'
export const ROLES = ['device', 'peer', 'seal', 'store', 'audit', 'auditPayload'] as const
export type Role = (typeof ROLES)[number]
/** Raw secret of each role: Ed25519 seeds for device and peer, an X25519 key for seal, symmetric keys for the rest. */
export type DeviceKeys = Readonly<Record<Role, Uint8Array>>

export type KeyFileErrorCode =
  | 'HOME_EXISTS'
  | 'HOME_MISSING'
  | 'HOME_UNUSABLE'
  | 'KEYS_MISSING'
  | 'KEYS_MALFORMED'
  | 'KEYS_VERSION'
  | 'KEYS_MASTER_MISSING'
  | 'KEYS_TAMPERED'
  | 'PASSPHRASE_MISSING'
  | 'PASSPHRASE_WRONG'
  | 'PASSPHRASE_TOO_SHORT'
export class KeyFileError extends MeshError<KeyFileErrorCode> {}

/** Shortest passphrase, in characters: argon2id slows guessing down, it does not make a short one long. */
export const MIN_PASSPHRASE_CHARS = 8
/** Cost of a guess: 64 MiB, three passes, one lane (RFC 9106's second recommended choice). */
const ARGON2 = { name: 'argon2id', memoryKiB: 65_536, passes: 3, lanes: 1 } as const
const KEY_BYTES = 32
const SALT_BYTES = 16
const NONCE_BYTES = 12
export const KEYS_FILE = 'keys.json'
export const MASTER_FILE = 'master.key'

interface Wrapped {
  readonly nonce: string
  readonly sealed: string
}
interface Kdf {
  readonly name: 'argon2id'
  readonly memoryKiB: number
  readonly passes: number
  readonly lanes: number
  readonly salt: string
}
interface KeyFile {
  readonly v: 1
  readonly keyStore: KeyStore
  readonly kdf?: Kdf
  readonly master?: Wrapped
  readonly keys: Readonly<Record<Role, Wrapped>>
}

export function hasKeys(home: string): boolean {
  return existsSync(join(home, KEYS_FILE))
}

/** The recorded choice, readable without any secret. */
export function readKeyStore(home: string): KeyStore {
  return readKeyFile(home).keyStore
}

/** The two files of a device's keys, not on disk yet. */
export interface SealedKeys {
  readonly keysText: string
  /** Only under the key store `file`. */
  readonly masterText: string | undefined
}

/** @throws {KeyFileError} `PASSPHRASE_MISSING`, `PASSPHRASE_TOO_SHORT` */
export async function sealKeys(
  crypto: Crypto,
  keyStore: KeyStore,
  keys: DeviceKeys,
  passphrase: string | undefined,
): Promise<SealedKeys> {
  const master = crypto.randomBytes(KEY_BYTES)
  const locked = keyStore === 'passphrase' ? await lockMaster(crypto, master, passphrase) : undefined
  const wrappedKeys = Object.fromEntries(
    ROLES.map((role) => [role, wrap(crypto, master, keys[role], wrapAad(keyStore, role))]),
  ) as Record<Role, Wrapped>
  const file: KeyFile = { v: 1, keyStore, ...locked, keys: wrappedKeys }
  return {
    keysText: `${JSON.stringify(file, null, 2)}\n`,
    masterText: keyStore === 'file' ? `${toHex(master)}\n` : undefined,
  }
}

/**
 * @throws {KeyFileError} `HOME_MISSING`, `KEYS_*` for a damaged file, `PASSPHRASE_MISSING`, `PASSPHRASE_WRONG`
 */
export async function openKeyFile(crypto: Crypto, home: string, passphrase: string | undefined): Promise<DeviceKeys> {
  const file = readKeyFile(home)
  const master = file.keyStore === 'file' ? readMaster(home) : await unlockMaster(crypto, file, passphrase)
  const keys = ROLES.map((role) => {
    const key = unwrap(crypto, master, file.keys[role], wrapAad(file.keyStore, role))
    if (key === undefined) throw new KeyFileError('KEYS_TAMPERED', 'a wrapped key does not open', { details: { role } })
    return [role, key] as const
  })
  return Object.fromEntries(keys) as Record<Role, Uint8Array>
}

async function lockMaster(
  crypto: Crypto,
  master: Uint8Array,
  passphrase: string | undefined,
): Promise<{ kdf: Kdf; master: Wrapped }> {
  if (passphrase === undefined) throw new KeyFileError('PASSPHRASE_MISSING', 'this key store needs a passphrase')
  if (passphrase.length < MIN_PASSPHRASE_CHARS) {
    throw new KeyFileError('PASSPHRASE_TOO_SHORT', `a passphrase has at least ${MIN_PASSPHRASE_CHARS} characters`)
  }
  const kdf: Kdf = { ...ARGON2, salt: toBase64(crypto.randomBytes(SALT_BYTES)) }
  return { kdf, master: wrap(crypto, await stretch(kdf, passphrase), master, masterAad(kdf)) }
}

async function unlockMaster(crypto: Crypto, file: KeyFile, passphrase: string | undefined): Promise<Uint8Array> {
  if (file.kdf === undefined || file.master === undefined) throw malformed()
  if (passphrase === undefined) throw new KeyFileError('PASSPHRASE_MISSING', 'this device is locked by a passphrase')
  const master = unwrap(crypto, await stretch(file.kdf, passphrase), file.master, masterAad(file.kdf))
  if (master === undefined) throw new KeyFileError('PASSPHRASE_WRONG', 'the passphrase does not open this device')
  return master
}

function stretch(kdf: Kdf, passphrase: string): Promise<Uint8Array> {
  return argon2id({
    password: passphrase.normalize('NFKC'),
    salt: fromBase64(kdf.salt),
    memorySize: kdf.memoryKiB,
    iterations: kdf.passes,
    parallelism: kdf.lanes,
    hashLength: KEY_BYTES,
    outputType: 'binary',
  })
}

function wrap(crypto: Crypto, key: Uint8Array, secret: Uint8Array, aad: Uint8Array): Wrapped {
  const nonce = crypto.randomBytes(NONCE_BYTES)
  return { nonce: toBase64(nonce), sealed: toBase64(crypto.aeadSeal(key, nonce, aad, secret)) }
}

function unwrap(crypto: Crypto, key: Uint8Array, wrapped: Wrapped, aad: Uint8Array): Uint8Array | undefined {
  return crypto.aeadOpen(key, fromBase64(wrapped.nonce), aad, fromBase64(wrapped.sealed))
}

function wrapAad(keyStore: KeyStore, role: Role): Uint8Array {
  return utf8(`aico-mesh/wrapped-key/v1\0${keyStore}\0${role}`)
}

/** The cost is bound too, so that nobody lowers it in the file. */
function masterAad(kdf: Kdf): Uint8Array {
  return utf8(`aico-mesh/master-key/v1\0${kdf.name}\0${kdf.memoryKiB}\0${kdf.passes}\0${kdf.lanes}\0${kdf.salt}`)
}

function readMaster(home: string): Uint8Array {
  const path = join(home, MASTER_FILE)
  if (!existsSync(path)) throw new KeyFileError('KEYS_MASTER_MISSING', 'the master key file is missing')
  const master = fromHex(readFileSync(path, 'utf8').trim())
  if (master?.length !== KEY_BYTES) throw new KeyFileError('KEYS_MALFORMED', 'the master key file is damaged')
  return master
}

function readKeyFile(home: string): KeyFile {
  if (!hasKeys(home)) {
    throw new KeyFileError('HOME_MISSING', `no device is in ${home} yet: run \`aico-mesh init --name NAME\` first`)
  }
  const value = parseJson(readFileSync(join(home, KEYS_FILE), 'utf8'))
  if (!isRecord(value)) throw malformed()
  if (value['v'] !== 1) throw new KeyFileError('KEYS_VERSION', 'keys.json is of a version this program does not know')
  if (!isKeyFile(value)) throw malformed()
  return value
}

/** Largest argon2id memory a file may ask for, in KiB: 1 GiB, so that a hostile file cannot exhaust the host. */
const MAX_ARGON2_MEMORY_KIB = 1_048_576
const MAX_ARGON2_PASSES = 16

function isKeyFile(value: Record<string, unknown>): value is Record<string, unknown> & KeyFile {
  const { keyStore, keys, kdf, master } = value
  if (keyStore !== 'file' && keyStore !== 'passphrase') return false
  if (!isRecord(keys) || !ROLES.every((role) => isWrapped(keys[role]))) return false
  return keyStore === 'file' || (isKdf(kdf) && isWrapped(master))
}

function isKdf(value: unknown): value is Kdf {
  if (!isRecord(value) || value['name'] !== 'argon2id' || typeof value['salt'] !== 'string') return false
  const { memoryKiB, passes, lanes } = value
  return (
    isWithin(memoryKiB, ARGON2.memoryKiB, MAX_ARGON2_MEMORY_KIB) &&
    isWithin(passes, 1, MAX_ARGON2_PASSES) &&
    isWithin(lanes, 1, 1) &&
    fromBase64(value['salt']).length === SALT_BYTES
  )
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}

function isWrapped(value: unknown): value is Wrapped {
  return isRecord(value) && typeof value['nonce'] === 'string' && typeof value['sealed'] === 'string'
    ? fromBase64(value['nonce']).length === NONCE_BYTES
    : false
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed()
  }
}

function malformed(): KeyFileError {
  return new KeyFileError('KEYS_MALFORMED', 'keys.json is damaged')
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}
