/**
 * The words a person is shown when consenting. The same terms at the same time give the same text, byte for byte,
 * whatever the order their lists came in; its SHA-256 stands in the grant as `noticeHash`. Never throws.
 *
 * Names and purposes are other people's words: they are quoted, and characters that could hide, reorder or add lines
 * are shown as escapes (base/unseen.ts). Rules: docs/spec/consent.md CO14, CO15.
 */
import { utf8 } from '../base/bytes.ts'
import { startOfUtcDay } from '../base/clock.ts'
import type { Sha256 } from '../base/crypto.ts'
import { seenPoints } from '../base/unseen.ts'
import { DEFAULT_LEASE_S, type GrantOp, type May } from '../model/grant.ts'
import { LANES, type Lane } from '../model/lane.ts'

export interface GrantWords extends Pick<
  GrantOp,
  'recipient' | 'may' | 'lanes' | 'modules' | 'sinceUnixMs' | 'untilUnixMs' | 'purpose' | 'atUnixMs'
> {
  readonly ownerName: string
  readonly recipientName: string
  readonly parts?: readonly string[] | undefined
  readonly leaseS?: number | undefined
}

/** Digits of the recipient's id beside its name, which another device may have too: as many as lists of devices show. */
const SHOWN_ID_DIGITS = 8

export function describeGrant(words: GrantWords): string {
  const owner = quote(words.ownerName)
  const recipient = quote(words.recipientName)
  return [
    `${recipient} (device ${words.recipient.slice(0, SHOWN_ID_DIGITS)}) may ${MAY_WORDS[words.may](owner)}`,
    `Kinds: ${laneWords(words.lanes)}.`,
    `Modules: ${listOrEvery(words.modules, 'every module, also those to come')}.`,
    ...(words.parts === undefined ? [] : [`Parts: ${listOrEvery(words.parts, '')}.`]),
    `From: ${sinceWords(words.sinceUnixMs, words.atUnixMs)}.`,
    `Until: ${words.untilUnixMs === undefined ? 'it is revoked' : utcWords(words.untilUnixMs)}.`,
    `Purpose: ${words.purpose === '' ? 'none given' : quote(words.purpose)}.`,
    LEASE_WORDS[words.may](recipient, owner, durationWords(words.leaseS ?? DEFAULT_LEASE_S)),
    END_WORDS[words.may](recipient),
  ].join('\n')
}

export function noticeHash(text: string, sha256: Sha256): Uint8Array {
  return sha256(utf8(text))
}

const MAY_WORDS: Readonly<Record<May, (owner: string) => string>> = {
  see: (owner) => `see records of ${owner}: receive, read and keep them.`,
  carry: (owner) =>
    `carry records of ${owner} to devices that may see them. It cannot read them. It can tell whose they are and for whom, ` +
    'how many, how large and when they came, and which of them belong together.',
}
const LEASE_WORDS: Readonly<Record<May, (recipient: string, owner: string, time: string) => string>> = {
  see: (recipient, owner, time) =>
    `If ${recipient} hears nothing from ${owner} for ${time}, it deletes what it received and takes no more until they meet again.`,
  carry: (recipient, owner, time) =>
    `If ${recipient} hears nothing from ${owner} for ${time}, it passes nothing on until it hears from it again.`,
}
const END_WORDS: Readonly<Record<May, (recipient: string) => string>> = {
  see: (recipient) =>
    `You can revoke this at any time: from then on nothing more is sent. What ${recipient} already has cannot be recalled.`,
  carry: (recipient) =>
    `You can revoke this at any time: from then on nothing more is sent, and ${recipient} deletes what it carries when it hears of it.`,
}
const LANE_WORDS: Readonly<Record<Lane, string>> = {
  traces: 'traces (what happened, step by step)',
  logs: 'logs (what programs wrote down)',
  metrics: 'metrics (measurements)',
  audit: 'audit (who did what)',
  documents: 'documents (notes and marks on traces)',
}
const UNKNOWN_TIME = 'an unknown time'
/** A beginning this near to the consent is the moment of consenting, in milliseconds: asking takes a while. */
const NOW_WITHIN_MS = 60_000
const UNITS = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const

function laneWords(lanes: readonly Lane[]): string {
  const named = LANES.filter((lane) => lanes.includes(lane)).map((lane) => LANE_WORDS[lane])
  return named.length === 0 ? 'none' : named.join(', ')
}

function listOrEvery(names: readonly string[] | undefined, every: string): string {
  if (names === undefined) return every
  return names.length === 0 ? 'none' : `only ${[...new Set(names)].sort().map(quote).join(', ')}`
}

/** What of the past is opened, said so that nobody takes the beginning for the moment of consenting. */
function sinceWords(sinceUnixMs: number, atUnixMs: number): string {
  if (sinceUnixMs <= 0) return 'everything that is kept, however old'
  const time = utcWords(sinceUnixMs)
  if (time === UNKNOWN_TIME) return time
  const agoMs = atUnixMs - sinceUnixMs
  if (Math.abs(agoMs) < NOW_WITHIN_MS) return `now on (${time}); nothing recorded before is opened`
  if (agoMs < 0) return `${time}, ${spanWords(-agoMs)} after this consent; nothing recorded before is opened`
  // A key lasts one UTC day at most, so none is in use when a day begins.
  const except = startOfUtcDay(sinceUnixMs) === sinceUnixMs ? '' : ', except under a key that was already in use then'
  return `${time}, ${spanWords(agoMs)} before this consent; what was recorded since then is opened too${except}`
}

/** Rounded down to minutes, in the two largest units that are not zero. */
function spanWords(ms: number): string {
  let seconds = Math.floor(ms / 1000)
  const parts: string[] = []
  for (const [size, unit] of UNITS.slice(0, -1)) {
    const count = Math.floor(seconds / size)
    seconds -= count * size
    if (count > 0) parts.push(countWords(count, unit))
  }
  return parts.slice(0, 2).join(' ')
}

function utcWords(unixMs: number): string {
  const date = new Date(unixMs)
  if (Number.isNaN(date.getTime())) return UNKNOWN_TIME
  return `${date.toISOString().replace('T', ' ').replace('.000Z', '').replace('Z', '')} UTC`
}

/** In the largest unit that comes out whole. */
function durationWords(seconds: number): string {
  const [size, unit] = UNITS.find(([length]) => seconds >= length && seconds % length === 0) ?? UNITS[3]
  return countWords(seconds / size, unit)
}

function countWords(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

/** A quote would end the words early, and a backslash could pass for one of ours. */
const QUOTING = ['"', '\\'].map((character) => character.codePointAt(0))

function quote(text: string): string {
  let quoted = ''
  for (const { point, isSeen } of seenPoints(text)) {
    quoted += isSeen && !QUOTING.includes(point) ? String.fromCodePoint(point) : `\\u{${point.toString(16)}}`
  }
  return `"${quoted}"`
}
