import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { MemoryHub } from '../../src/sync/links/memory-hub.ts'
import { MemoryNetwork } from '../../src/sync/links/memory-network.ts'
import { newDevice } from '../support/network-devices.ts'
import { networkContract } from './network-contract.ts'

networkContract('memory network', () => {
  const hub = new MemoryHub({ crypto: nodeCrypto })
  return {
    device: () => newDevice((deps) => new MemoryNetwork(deps, hub)),
    cuttable: (device) => Promise.resolve(device.network.listening()[0] as string),
    cut: (a, b) => hub.cut(a.peerKey, b.peerKey),
    stop: () => Promise.resolve(),
  }
})
