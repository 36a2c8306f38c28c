/**
 * W3C `tracestate`, Level 2: the list of vendor entries that travels beside `traceparent`.
 *
 * Entries are opaque and keep their order. A list that breaks a rule is dropped whole and alone: it never
 * invalidates the traceparent. Only sending truncates, and only whole entries.
 */

/** Most entries in one list. */
export const MAX_TRACESTATE_MEMBERS = 32
/** Most characters we send: what every participant should be able to pass on. */
export const MAX_TRACESTATE_CHARS = 512
/** Most characters we read: 32 entries of a full key and value fit, nothing larger can be valid but for blanks. */
export const MAX_TRACESTATE_READ_CHARS = 32 * (256 + 1 + 256 + 1)
/** Entries longer than this go first when the list must be cut. */
const LONG_MEMBER_CHARS = 128

export interface TracestateMember {
  readonly key: string
  readonly value: string
}
/** Most recent writer first. */
export type Tracestate = readonly TracestateMember[]

const KEY = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/
/** Printable ASCII but comma and equals sign, not ending in a blank. */
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/

/** @param headers every tracestate header, in order: they count as one list. @returns `undefined` if any entry is invalid. */
export function parseTracestate(headers: readonly string[]): Tracestate | undefined {
  if (headers.reduce((chars, header) => chars + header.length, 0) > MAX_TRACESTATE_READ_CHARS) return undefined
  const members: TracestateMember[] = []
  const seen = new Set<string>()
  for (const text of headers.flatMap((header) => header.split(','))) {
    const entry = trimBlanks(text)
    if (entry === '') continue
    const equals = entry.indexOf('=')
    const member = { key: entry.slice(0, Math.max(equals, 0)), value: entry.slice(equals + 1) }
    if (!isMember(member) || members.length === MAX_TRACESTATE_MEMBERS) return undefined
    if (seen.has(member.key)) continue // one entry per key: the leftmost is the most recent
    seen.add(member.key)
    members.push(member)
  }
  return members
}

/** The header to send, at most {@link MAX_TRACESTATE_CHARS} long: entries over 128 characters go first, then the oldest. */
export function formatTracestate(state: Tracestate): string {
  const entries = state.map(({ key, value }) => `${key}=${value}`)
  while (entries.join(',').length > MAX_TRACESTATE_CHARS) {
    const long = entries.findLastIndex((entry) => entry.length > LONG_MEMBER_CHARS)
    entries.splice(long >= 0 ? long : entries.length - 1, 1)
  }
  return entries.join(',')
}

/** The list with our entry leftmost; unchanged if key or value are not allowed. */
export function withMember(state: Tracestate, member: TracestateMember): Tracestate {
  if (!isMember(member)) return state
  return [member, ...withoutMember(state, member.key)].slice(0, MAX_TRACESTATE_MEMBERS)
}

export function withoutMember(state: Tracestate, key: string): Tracestate {
  return state.filter((member) => member.key !== key)
}

/** Takes spaces and tabs off both ends; a regular expression would be quadratic on a hostile run of blanks. */
function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text[start])) start++
  while (end > start && isBlank(text[end - 1])) end--
  return text.slice(start, end)
}

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t'
}

function isMember(member: TracestateMember): boolean {
  return KEY.test(member.key) && VALUE.test(member.value)
}
