import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { MemoryHub } from '../../src/sync/links/memory-hub.ts'
import { MemoryNetwork } from '../../src/sync/links/memory-network.ts'
import { newDevice } from '../support/network-devices.ts'
import { nearbyContract } from './nearby-contract.ts'

const hub = new MemoryHub({ crypto: nodeCrypto })
nearbyContract('memory network', () => newDevice((deps) => new MemoryNetwork(deps, hub)))
