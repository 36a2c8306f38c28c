import { MemoryDiscovery, MemoryLan } from '../../src/sync/discovery/memory-discovery.ts'
import { manualClock } from '../support/manual-clock.ts'
import { silentLog } from '../support/network-devices.ts'
import { discoveryContract } from './discovery-contract.ts'

discoveryContract('memory', () => {
  const [lan, clock] = [new MemoryLan(), manualClock()]
  let hosts = 0
  return {
    device: () => new MemoryDiscovery({ clock, log: silentLog, lan, address: `10.0.0.${++hosts}` }),
  }
})
