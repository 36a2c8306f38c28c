import { Libp2pNetwork } from '../../src/sync/links/libp2p-network.ts'
import { newDevice } from '../support/network-devices.ts'
import { nearbyContract } from './nearby-contract.ts'

nearbyContract('libp2p network', () => newDevice((deps) => new Libp2pNetwork(deps)))
