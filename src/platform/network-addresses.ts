/** This device's interfaces: their addresses, and which of them leads to another address. */
import { BlockList, isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'

/** Without those that lead nowhere else. */
export function networkAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flat()
    .flatMap((each) => (each === undefined || each.internal ? [] : [each.address]))
}

/** Whether what is sent to an IP address goes over one of these interfaces; behind a router, if there is no other. */
export function goesOverInterface(address: string, names: readonly string[]): boolean {
  if (names.length === 0) return false
  const interfaces = Object.entries(networkInterfaces())
  const direct = interfaces.find(([, all = []]) => all.some(({ cidr }) => cidr !== null && isWithin(address, cidr)))
  if (direct !== undefined) return names.includes(direct[0])
  const external = interfaces.filter(([, all = []]) => all.some(({ internal }) => !internal))
  return external.length > 0 && external.every(([name]) => names.includes(name))
}

function isWithin(address: string, cidr: string): boolean {
  const [network = '', bits = ''] = cidr.split('/')
  const family = isIPv4(address) ? 'ipv4' : 'ipv6'
  if (isIPv4(network) !== isIPv4(address)) return false
  const list = new BlockList()
  list.addSubnet(network, Number(bits), family)
  return list.check(address, family)
}
