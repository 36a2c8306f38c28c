/** The keeper of the crash test: the same device for the process that is killed and the one that looks at what is left. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { initialSettings } from '../../src/agent/keeper/device-settings.ts'
import { Keeper } from '../../src/agent/keeper/keeper.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { hpkePublicKey } from '../../src/platform/hpke.ts'
import { nodeClock } from '../../src/platform/node-clock.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'

export function openCrashKeeper(folder: string): Keeper {
  const key = (role: string): Uint8Array => nodeCrypto.sha256(utf8(`crash test ${role}`))
  const keys = {
    device: key('device'),
    peer: key('peer'),
    seal: key('seal'),
    store: key('store'),
    audit: key('audit'),
    auditPayload: key('payload'),
  }
  const storeFile = join(folder, 'store.db')
  const deps = {
    clock: nodeClock,
    crypto: nodeCrypto,
    onEvent: () => undefined,
    onFailure: (err: unknown) => {
      throw err
    },
  }
  const isNew = !existsSync(storeFile)
  return new Keeper(deps, {
    storeFile,
    auditFile: join(folder, 'audit.db'),
    keys,
    keyStore: 'file',
    sealPublicKey: hpkePublicKey(keys.seal),
    ...(isNew ? { newDevice: initialSettings(nodeCrypto, 'crash', 'file') } : {}),
  })
}
