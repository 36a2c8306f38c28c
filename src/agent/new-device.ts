/**
 * Makes a device in a home, so that a kill or a power cut at any moment leaves either no device (and `init` works again)
 * or a whole one (docs/spec/identity.md, ID15).
 *
 * The keys are drafted first, under a name no start looks at; then come the databases and the master key; the draft
 * becomes `keys.json` last, in one step. The draft also says whose the files are that a killed attempt left behind:
 * without it, databases that have lost their `keys.json` are a real device's and are never touched.
 */
import { chmodSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { Crypto } from '../base/crypto.ts'
import type { DeviceId } from '../model/ids.ts'
import { layOutHome, makeFolders, type Home } from '../platform/home.ts'
import { hpkeKeyPair, hpkePublicKey } from '../platform/hpke.ts'
import { syncFolder } from '../platform/sync-folder.ts'
import { removeDatabase } from '../store/open-encrypted.ts'
import { lockHome } from './home-lock.ts'
import { initialSettings } from './keeper/device-settings.ts'
import { Keeper } from './keeper/keeper.ts'
import { hasKeys, KeyFileError, KEYS_FILE, MASTER_FILE, sealKeys, type DeviceKeys, type KeyStore } from './key-file.ts'

export interface NewDeviceDeps {
  readonly clock: Clock
  readonly crypto: Crypto
}
export interface NewDevice {
  readonly home: string
  readonly name: string
  readonly keyStore: KeyStore
  readonly passphrase: string | undefined
}

/** Keys on their way to `keys.json`. */
export const DRAFT_FILE = `${KEYS_FILE}.draft`

/**
 * The home folder is made 0700, every file 0600.
 * @throws {KeyFileError} `HOME_EXISTS`, `HOME_UNUSABLE`, `KEYS_MISSING`, `PASSPHRASE_*`; {HomeLockError} `HOME_IN_USE`; {StoreError}
 */
export async function makeDevice(deps: NewDeviceDeps, device: NewDevice): Promise<DeviceId> {
  const { keyStore, passphrase } = device
  const home = layOutHome(device.home)
  requireNoDevice(home)
  const keys = await newKeys(deps.crypto)
  const { keysText, masterText } = await sealKeys(deps.crypto, keyStore, keys, passphrase)
  makeHomeFolder(home.folder)
  const unlock = lockHome(home.lockFile)
  try {
    requireNoDevice(home) // another init may have been faster
    const draft = join(home.folder, DRAFT_FILE)
    writePrivate(draft, keysText)
    syncFolder(home.folder)
    removeLeftovers(home)
    const deviceId = makeDatabases(deps, home, keys, device)
    if (masterText !== undefined) writePrivate(join(home.folder, MASTER_FILE), masterText)
    syncFolder(home.folder)
    renameSync(draft, join(home.folder, KEYS_FILE))
    syncFolder(home.folder)
    return deviceId
  } finally {
    unlock()
  }
}

/** Neither a device, nor what is left of one that only lacks its `keys.json`. */
function requireNoDevice({ folder, storeFile, auditFile }: Home): void {
  if (hasKeys(folder)) throw new KeyFileError('HOME_EXISTS', 'this home already holds a device')
  if (existsSync(join(folder, DRAFT_FILE))) return
  if ([storeFile, auditFile, join(folder, MASTER_FILE)].some((file) => existsSync(file))) {
    throw new KeyFileError(
      'KEYS_MISSING',
      'a device is here whose keys.json is missing: put it back, or use another home',
    )
  }
}

function makeHomeFolder(folder: string): void {
  try {
    makeFolders(folder)
    chmodSync(folder, 0o700)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why = code === 'EEXIST' || code === 'ENOTDIR' ? 'it is no folder, or in none' : `the system says ${code}`
    throw new KeyFileError('HOME_UNUSABLE', `${folder} cannot be a home: ${why}`, { cause })
  }
}

/** Of an attempt that was killed: nobody ever used them. */
function removeLeftovers({ folder, storeFile, auditFile }: Home): void {
  removeDatabase(storeFile)
  removeDatabase(auditFile)
  rmSync(join(folder, MASTER_FILE), { force: true })
}

function makeDatabases(
  { clock, crypto }: NewDeviceDeps,
  { storeFile, auditFile }: Home,
  keys: DeviceKeys,
  { name, keyStore }: NewDevice,
): DeviceId {
  const keeper = new Keeper(
    { clock, crypto, onEvent: () => undefined, onFailure: () => undefined },
    {
      storeFile,
      auditFile,
      keys,
      keyStore,
      sealPublicKey: hpkePublicKey(keys.seal),
      newDevice: initialSettings(crypto, name, keyStore),
    },
  )
  keeper.close()
  return keeper.card.deviceId
}

async function newKeys(crypto: Crypto): Promise<DeviceKeys> {
  const seal = await hpkeKeyPair()
  const random = (): Uint8Array => crypto.randomBytes(32)
  return {
    device: random(),
    peer: random(),
    seal: seal.secretKey,
    store: random(),
    audit: random(),
    auditPayload: random(),
  }
}

/** In place, so that a draft that is there never goes; nobody reads the file before it is whole. */
function writePrivate(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600, flush: true })
  chmodSync(path, 0o600)
}
