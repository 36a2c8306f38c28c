/** One device's databases in a folder of their own, and keepers over them: this thread, a clock that is moved by hand. */
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initialSettings } from '../../src/agent/keeper/device-settings.ts'
import { Keeper, type KeeperOptions } from '../../src/agent/keeper/keeper.ts'
import type { DeviceKeys } from '../../src/agent/key-file.ts'
import type { Signal } from '../../src/model/lane.ts'
import { hpkePublicKey } from '../../src/platform/hpke.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { openEncrypted, type Database } from '../../src/store/open-encrypted.ts'
import { manualClock, type ManualClock } from './manual-clock.ts'

/** 2026-11-22T18:00:00Z */
export const START_MS = Date.UTC(2026, 10, 22, 18)

export interface KeeperHome {
  readonly folder: string
  readonly clock: ManualClock
  readonly keys: DeviceKeys
  /** Events and failures of every keeper opened here, in order. */
  readonly events: string[]
  readonly failures: unknown[]
  /** Makes the device: to be called once. */
  create(name?: string): Keeper
  /** Opens what is there, as the next run of the agent would. */
  reopen(more?: Pick<KeeperOptions, 'setAuditAside'>): Keeper
  /** The files as they are now, as a power cut would leave them: a home of its own with the same keys. */
  crashCopy(): KeeperHome
  /** What someone with the key of the store can do to its tables while no keeper is open. */
  tamper(work: (db: Database) => void): void
  /** Changes the file of the first pack. */
  tamperPack(change: (bytes: Buffer) => Uint8Array): void
  remove(): void
}

/** More than any test writes. */
const MAX_LEAVES = 1_000
const FILES = ['store.db', 'store.db-wal', 'audit.db', 'audit.db-wal']

export function keeperHome(clock: ManualClock = manualClock(START_MS), keys: DeviceKeys = randomKeys()): KeeperHome {
  const root = mkdtempSync(join(tmpdir(), 'keeper-'))
  return homeIn(root, root, clock, keys)
}

/** Over files that are there, such as those another version left. The folder goes with {@link KeeperHome.remove}. */
export function keeperHomeIn(folder: string, clock: ManualClock, keys: DeviceKeys): KeeperHome {
  return homeIn(folder, folder, clock, keys)
}

export function randomKeys(): DeviceKeys {
  const key = (): Uint8Array => nodeCrypto.randomBytes(32)
  return { device: key(), peer: key(), seal: key(), store: key(), audit: key(), auditPayload: key() }
}

/** What a module reports, taken in and cut: a segment of its own. */
export async function takeSegment(keeper: Keeper, lane: Signal, module: string, bytes: Uint8Array): Promise<void> {
  await keeper.intake.take(lane, bytes, { kind: 'bus', module })
  keeper.writer.cut(() => true)
}

/** What the entries of a type in the audit log say, oldest first. */
export function auditPayloads(keeper: Keeper, type: string) {
  const leaves = keeper.audit.list({ fromSeq: 0, limit: MAX_LEAVES }).filter(({ leaf }) => leaf.type === type)
  return leaves.map(({ payload }) => payload)
}

function homeIn(root: string, folder: string, clock: ManualClock, keys: DeviceKeys): KeeperHome {
  const events: string[] = []
  const failures: unknown[] = []
  const open: Keeper[] = []
  const deps = {
    clock,
    crypto: nodeCrypto,
    onEvent: (event: string) => events.push(event),
    onFailure: (err: unknown) => failures.push(err),
  }
  const options = {
    storeFile: join(folder, 'store.db'),
    auditFile: join(folder, 'audit.db'),
    keys,
    keyStore: 'file' as const,
    sealPublicKey: hpkePublicKey(keys.seal),
  }
  const opened = (keeper: Keeper): Keeper => {
    open.push(keeper)
    return keeper
  }
  let copies = 0
  return {
    folder,
    clock,
    keys,
    events,
    failures,
    create: (name = 'phone') =>
      opened(new Keeper(deps, { ...options, newDevice: initialSettings(nodeCrypto, name, 'file') })),
    reopen: (more = {}) => opened(new Keeper(deps, { ...options, ...more })),
    crashCopy() {
      const target = join(folder, `crash-${++copies}`)
      mkdirSync(target)
      for (const file of FILES) {
        if (existsSync(join(folder, file))) copyFileSync(join(folder, file), join(target, file))
      }
      cpSync(join(folder, 'packs'), join(target, 'packs'), { recursive: true })
      return homeIn(root, target, clock, keys)
    },
    tamperPack(change) {
      const pack = join(folder, 'packs', '00000001.pack')
      writeFileSync(pack, change(readFileSync(pack)))
    },
    tamper(work) {
      const db = openEncrypted(options.storeFile, keys.store)
      work(db)
      db.close()
    },
    remove() {
      for (const keeper of open) keeper.close()
      if (folder === root) rmSync(root, { recursive: true, force: true })
    },
  }
}
