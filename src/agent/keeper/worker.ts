/** The store thread: one keeper, served to the main thread. Keys come in its first message and stay in memory. */
import { parentPort, type MessagePort } from 'node:worker_threads'
import { MeshError } from '../../base/errors.ts'
import { collectWhenIdle } from '../../platform/collect-when-idle.ts'
import { nodeClock } from '../../platform/node-clock.ts'
import { nodeCrypto } from '../../platform/node-crypto.ts'
import { toStoreError } from '../../store/store-error.ts'
import { serveCalls, toFailure } from '../worker-port.ts'
import { keeperApi } from './keeper-api.ts'
import { Keeper, type KeeperDeps, type KeeperOptions } from './keeper.ts'

const port = parentPort as MessagePort
port.once('message', (options: KeeperOptions) => open(options))

function open(options: KeeperOptions): void {
  let keeper: Keeper | undefined
  const deps: KeeperDeps = {
    clock: nodeClock,
    crypto: nodeCrypto,
    // Before it is ready there is nobody to tell: `ready` carries the first view.
    onEvent: (event) => {
      if (keeper) port.postMessage({ event, value: event === 'view' ? keeper.view() : undefined })
    },
    onTold: (told) => port.postMessage({ event: 'told', value: told }),
    onStage: (stage) => port.postMessage({ event: 'stage', value: stage }),
    onFailure: (err) => port.postMessage({ event: 'failure', value: toFailure(toStoreError(err)) }),
  }
  try {
    const opened = new Keeper(deps, options)
    keeper = opened
    // A thread that fails closes its databases too, and their logs go: without a word, that would look like a theft of them.
    process.once('exit', () => opened.close())
    serveCalls(port, keeperApi(opened, options.storeFile), (err) => opened.damage.told(err))
    port.postMessage({ event: 'ready', value: opened.view() })
    collectWhenIdle(() => keeper?.shrink())
  } catch (cause) {
    const err = toStoreError(cause)
    if (!(err instanceof MeshError)) throw err
    port.postMessage({ event: 'failed', value: { code: err.code, message: err.message } })
  }
}
