/** An opened store in a folder of its own, and ids for its rows. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { utf8 } from '../../../src/base/bytes.ts'
import { toDeviceId, toGrantId, toIncarnation, toLogId, toOpId } from '../../../src/model/ids.ts'
import type { DeviceId, GrantId, Incarnation, LogId, OpId } from '../../../src/model/ids.ts'
import type { LogDescription } from '../../../src/model/segment.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { openStore, type Store } from '../../../src/store/store.ts'

const KEY = new Uint8Array(32).fill(5)
const hash = (text: string): Uint8Array => nodeCrypto.sha256(utf8(text))

export const device = (name: string): DeviceId => toDeviceId(hash(name)) as DeviceId
export const opId = (name: string): OpId => toOpId(hash(name)) as OpId
export const grantId = (name: string): GrantId => toGrantId(hash(name).slice(0, 16)) as GrantId
export const logId = (name: string): LogId => toLogId(hash(name).slice(0, 16)) as LogId
export const incarnation = (name: string): Incarnation => toIncarnation(hash(name).slice(0, 16)) as Incarnation

export interface StoreFixture {
  readonly folder: string
  store: Store
  /** Closes and opens it again, as the next run would. */
  reopen(): Store
  remove(): void
}

export function storeFixture(): StoreFixture {
  const folder = mkdtempSync(join(tmpdir(), 'tables-'))
  const path = join(folder, 'store.db')
  const fixture: StoreFixture = {
    folder,
    store: openStore(path, KEY, { mustExist: false }),
    reopen() {
      fixture.store.close()
      fixture.store = openStore(path, KEY, { mustExist: true })
      return fixture.store
    },
    remove() {
      fixture.store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return fixture
}

export function describeLog(name: string, change: Partial<LogDescription> = {}): LogDescription {
  return {
    author: device('me'),
    log: logId(name),
    incarnation: incarnation('first'),
    lane: 'traces',
    module: name,
    part: 'base',
    ...change,
  }
}
