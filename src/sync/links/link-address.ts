/**
 * Addresses of links: `/ip4/<address>/tcp/<port>` and `/ip6/<address>/tcp/<port>`, nothing else.
 *
 * Names are refused on purpose: resolving one would ask a server on the network about our peers.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net'

const ADDRESS = /^\/(ip4|ip6)\/([0-9a-fA-F.:]{2,45})\/tcp\/([1-9][0-9]{0,4})$/
const MAX_PORT = 65_535
/** Loopback, and the unspecified addresses, which a kernel dials as loopback. */
const OWN_HOST = new BlockList()
OWN_HOST.addSubnet('127.0.0.0', 8, 'ipv4')
OWN_HOST.addAddress('0.0.0.0', 'ipv4')
OWN_HOST.addAddress('::1', 'ipv6')
OWN_HOST.addAddress('::', 'ipv6')
OWN_HOST.addSubnet('::ffff:127.0.0.0', 104, 'ipv6')
OWN_HOST.addAddress('::ffff:0.0.0.0', 'ipv6')

/** Whether `text` is an address one can dial. */
export function isLinkAddress(text: string): boolean {
  const [, family, host, port] = ADDRESS.exec(text) ?? []
  if (host === undefined || Number(port) > MAX_PORT) return false
  return family === 'ip4' ? isIPv4(host) : isIPv6(host)
}

/** The link address of an IP address and port, or `undefined` if either is not one. */
export function linkAddress(host: string, port: number): string | undefined {
  const text = `/${isIPv4(host) ? 'ip4' : 'ip6'}/${host}/tcp/${port}`
  return isLinkAddress(text) ? text : undefined
}

/** The IP address in a link address; empty for what is none. */
export function hostOf(address: string): string {
  return ADDRESS.exec(address)?.[2] ?? ''
}

/** Whether an address leads to the host that dials it, however it is written; what is no link address does not. */
export function isLoopback(address: string): boolean {
  const [, family, host] = ADDRESS.exec(address) ?? []
  return host !== undefined && isLinkAddress(address) && OWN_HOST.check(host, family === 'ip4' ? 'ipv4' : 'ipv6')
}

/** Those another device can reach first, those only this device can reach last. */
export function reachableFirst(addresses: readonly string[]): string[] {
  return [...addresses.filter((a) => !isLoopback(a)), ...addresses.filter(isLoopback)]
}
