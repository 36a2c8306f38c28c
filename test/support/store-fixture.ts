/** Frozen homes of released versions (scripts/make-store-fixture.ts), copied to be opened: the originals stay as they are. */
import { cpSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openKeyFile, type DeviceKeys } from '../../src/agent/key-file.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { keeperHomeIn, type KeeperHome } from './keeper-home.ts'
import { manualClock } from './manual-clock.ts'
import type { StoredFacts } from './stored-facts.ts'

const STORES = join(import.meta.dirname, '..', 'fixtures', 'stores')

export interface StoreFixture {
  readonly version: string
  readonly name: string
  /** When it was left, on its own clock. */
  readonly atUnixMs: number
  readonly facts: StoredFacts
  readonly keys: DeviceKeys
  /** A copy of its own, at the time it was left. */
  copy(): KeeperHome
  copyTo(folder: string): void
}
interface Manifest {
  readonly atUnixMs: number
  readonly homes: Readonly<Record<string, StoredFacts>>
}

export async function storeFixtures(): Promise<readonly StoreFixture[]> {
  const versions = readdirSync(STORES).sort()
  const fixtures = versions.map(async (version) => {
    const manifest = JSON.parse(readFileSync(join(STORES, version, 'manifest.json'), 'utf8')) as Manifest
    return Promise.all(
      Object.entries(manifest.homes).map(([name, facts]) => fixtureOf(version, name, manifest.atUnixMs, facts)),
    )
  })
  return (await Promise.all(fixtures)).flat()
}

async function fixtureOf(version: string, name: string, atUnixMs: number, facts: StoredFacts): Promise<StoreFixture> {
  const home = join(STORES, version, name)
  const keys = await openKeyFile(nodeCrypto, home, undefined)
  const copyTo = (folder: string): void => cpSync(home, folder, { recursive: true })
  return {
    version,
    name,
    atUnixMs,
    facts,
    keys,
    copyTo,
    copy() {
      const folder = mkdtempSync(join(tmpdir(), `store-${version}-`))
      copyTo(folder)
      return keeperHomeIn(folder, manualClock(atUnixMs), keys)
    },
  }
}
