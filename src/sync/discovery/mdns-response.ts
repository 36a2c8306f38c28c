/**
 * Reads announcements out of a multicast DNS response (RFC 6762, RFC 6763), as the DNS library decoded it.
 *
 * Everything in it comes from anyone on the network: every field is checked, and all counts are bounded.
 * One response must hold PTR, SRV and TXT of an instance, which ours does; what does not is no announcement.
 */
import { isIPv4, isIPv6 } from 'node:net'
import { MAX_FOUND_ADDRESSES, MAX_TXT_ENTRIES, MAX_TXT_ENTRY_BYTES, type Found } from '../discovery.ts'

/** Records looked at in one response: a whole announcement has about ten. */
const MAX_RECORDS = 128
/** A DNS name, in characters (RFC 1035 section 2.3.4). */
const MAX_NAME_LENGTH = 255

/** A response as the DNS library decoded it: nothing in it is certain. */
export interface MdnsResponse {
  readonly answers?: unknown
  readonly additionals?: unknown
}

interface DnsRecord {
  readonly type: string
  readonly name: string
  readonly ttl: number
  readonly data: unknown
}

export type Announcement =
  | { readonly name: string; readonly goodbye: true }
  | { readonly name: string; readonly goodbye: false; readonly found: Omit<Found, 'lastSeenUnixMs'> }

/** @param sender the IP address the response came from: of all addresses the one that certainly is in reach. */
export function readAnnouncements(response: MdnsResponse, service: string, sender: string): Announcement[] {
  const records = [response.answers, response.additionals].flatMap(toRecords).slice(0, MAX_RECORDS)
  const pointers = records.filter((record) => record.type === 'PTR' && sameName(record.name, service))
  return pointers.flatMap((pointer): Announcement[] => {
    if (!isName(pointer.data)) return []
    const name = pointer.data.toLowerCase()
    if (pointer.ttl === 0) return [{ name, goodbye: true }]
    const found = readInstance(records, name, sender)
    return found ? [{ name, goodbye: false, found }] : []
  })
}

function readInstance(
  records: readonly DnsRecord[],
  name: string,
  sender: string,
): Omit<Found, 'lastSeenUnixMs'> | undefined {
  const of = (type: string): unknown => records.find((r) => r.type === type && sameName(r.name, name))?.data
  const service = of('SRV')
  const txt = readTxt(of('TXT'))
  if (!txt || !isObject(service)) return undefined
  const { port, target } = service
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined
  return { addresses: isName(target) ? addressesOf(records, target, sender) : [sender], port, txt }
}

/** Link-local IPv6 needs an interface, which a peer cannot name; loopback of another host is ours. */
function addressesOf(records: readonly DnsRecord[], host: string, sender: string): string[] {
  const announced = records
    .filter((record) => (record.type === 'A' || record.type === 'AAAA') && sameName(record.name, host))
    .map((record) => record.data)
    .filter((data): data is string => typeof data === 'string' && (isIPv4(data) || isIPv6(data)))
    .filter((address) => !/^(127\.|fe[89ab][0-9a-f]:|::1$|::$|0\.0\.0\.0$)/i.test(address))
  return [...new Set([sender, ...announced])].slice(0, MAX_FOUND_ADDRESSES)
}

function readTxt(data: unknown): Record<string, string> | undefined {
  if (!Array.isArray(data) || data.length > MAX_TXT_ENTRIES) return undefined
  const entries: [string, string][] = []
  for (const item of data as unknown[]) {
    if (!(item instanceof Uint8Array) || item.length > MAX_TXT_ENTRY_BYTES) return undefined
    const text = new TextDecoder().decode(item)
    const at = text.indexOf('=')
    if (at > 0) entries.push([text.slice(0, at), text.slice(at + 1)])
  }
  return Object.fromEntries(entries)
}

function toRecords(section: unknown): DnsRecord[] {
  if (!Array.isArray(section)) return []
  return (section as unknown[]).slice(0, MAX_RECORDS).flatMap((record) => {
    if (!isObject(record)) return []
    const { type, name, ttl, data } = record
    if (typeof type !== 'string' || !isName(name) || typeof ttl !== 'number') return []
    return [{ type, name, ttl, data }]
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_NAME_LENGTH
}

/** DNS names compare without regard to case (RFC 4343). */
function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
