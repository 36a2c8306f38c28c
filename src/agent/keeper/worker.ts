/** The store thread: one keeper, served to the main thread. Keys come in the worker's data and stay in memory. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { codeOf } from '../../base/errors.ts'
import { nodeClock } from '../../platform/node-clock.ts'
import { nodeCrypto } from '../../platform/node-crypto.ts'
import { serveCalls } from '../worker-port.ts'
import { keeperApi } from './keeper-api.ts'
import { Keeper, type KeeperOptions } from './keeper.ts'

const options = workerData as KeeperOptions
const keeper = new Keeper(
  {
    clock: nodeClock,
    crypto: nodeCrypto,
    onEvent: (event) => send(event, event === 'view' ? keeper.view() : undefined),
    onFailure: (err) => send('failure', { code: codeOf(err) }),
  },
  options,
)
const send = serveCalls(parentPort as MessagePort, keeperApi(keeper, options.storeFile))
send('ready', keeper.view())
