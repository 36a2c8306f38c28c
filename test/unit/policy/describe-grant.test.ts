import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../../src/base/bytes.ts'
import { toDeviceId, type DeviceId } from '../../../src/model/ids.ts'
import { describeGrant, noticeHash, type GrantWords } from '../../../src/policy/describe-grant.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => nodeCrypto.sha256(bytes)
const words: GrantWords = {
  recipient: toDeviceId('3f7708d5f5cc2bc6'.repeat(4)) as DeviceId,
  ownerName: 'laptop',
  recipientName: 'phone',
  may: 'see',
  lanes: ['traces', 'logs'],
  modules: undefined,
  sinceUnixMs: Date.UTC(2026, 10, 22),
  untilUnixMs: undefined,
  purpose: 'find out why it is slow',
  atUnixMs: Date.UTC(2026, 10, 22, 14, 3, 12, 123),
}
const lineOf = (change: Partial<GrantWords>, start: string): string | undefined =>
  describeGrant({ ...words, ...change })
    .split('\n')
    .find((line) => line.startsWith(start))

describe('describeGrant', () => {
  test('[CO14] says who, what, when, what for, and what cannot be recalled', () => {
    expect(describeGrant(words)).toBe(
      [
        '"phone" (device 3f7708d5) may see records of "laptop": receive, read and keep them.',
        'Kinds: traces (what happened, step by step), logs (what programs wrote down).',
        'Modules: every module, also those to come.',
        'From: 2026-11-22 00:00:00 UTC, 14 hours 3 minutes before this consent; what was recorded since then is opened too.',
        'Until: it is revoked.',
        'Purpose: "find out why it is slow".',
        'If "phone" hears nothing from "laptop" for 7 days, it deletes what it received and takes no more until they meet again.',
        'You can revoke this at any time: from then on nothing more is sent. What "phone" already has cannot be recalled.',
      ].join('\n'),
    )
  })

  test('[CO14] the hash is the SHA-256 of the text, so that anyone can check it', () => {
    const text = describeGrant(words)
    expect(toHex(noticeHash(text, sha256))).toBe(createHash('sha256').update(text).digest('hex'))
    expect(toHex(noticeHash(text, sha256))).toBe('f25a1d1a2f3ab9cea1232bfed9555fd1ac31073f257c99c52dee0ece3bd68b95')
  })

  const lines: { name: string; change: Partial<GrantWords>; line: string }[] = [
    {
      name: 'a carrier cannot read, and the person is told what it can tell',
      change: { may: 'carry' },
      line: '"phone" (device 3f7708d5) may carry records of "laptop" to devices that may see them. It cannot read them. It can tell whose they are and for whom, how many, how large and when they came, and which of them belong together.',
    },
    {
      name: 'the moment of consenting is now, though asking took a while',
      change: { sinceUnixMs: words.atUnixMs - 59_999 },
      line: 'From: now on (2026-11-22 14:02:12.124 UTC); nothing recorded before is opened.',
    },
    {
      name: 'a clock that is a little behind the one that consents, or before it, makes no difference to that',
      change: { sinceUnixMs: words.atUnixMs + 59_999 },
      line: 'From: now on (2026-11-22 14:04:12.122 UTC); nothing recorded before is opened.',
    },
    {
      name: 'a beginning within a day leaves out what the key of that time covers',
      change: { sinceUnixMs: words.atUnixMs - 119_123 },
      line: 'From: 2026-11-22 14:01:13 UTC, 1 minute before this consent; what was recorded since then is opened too, except under a key that was already in use then.',
    },
    {
      name: 'a beginning of two days ago and a bit',
      change: { sinceUnixMs: words.atUnixMs - 176_400_000 },
      line: 'From: 2026-11-20 13:03:12.123 UTC, 2 days 1 hour before this consent; what was recorded since then is opened too, except under a key that was already in use then.',
    },
    {
      name: 'a beginning to come',
      change: { sinceUnixMs: Date.UTC(2026, 10, 25) },
      line: 'From: 2026-11-25 00:00:00 UTC, 2 days 9 hours after this consent; nothing recorded before is opened.',
    },
    { name: 'a beginning no calendar has', change: { sinceUnixMs: 8.65e15 }, line: 'From: an unknown time.' },
    { name: 'a beginning that is no number', change: { sinceUnixMs: Number.NaN }, line: 'From: an unknown time.' },
    { name: 'all that is kept', change: { sinceUnixMs: 0 }, line: 'From: everything that is kept, however old.' },
    {
      name: 'an end, to the millisecond if it has any',
      change: { untilUnixMs: Date.UTC(2026, 11, 24, 18, 30, 0, 5) },
      line: 'Until: 2026-12-24 18:30:00.005 UTC.',
    },
    { name: 'a time no calendar has', change: { untilUnixMs: 8.65e15 }, line: 'Until: an unknown time.' },
    { name: 'listed modules, sorted and once', change: { modules: ['b', 'a', 'b'] }, line: 'Modules: only "a", "b".' },
    { name: 'no module', change: { modules: [] }, line: 'Modules: none.' },
    { name: 'listed parts', change: { parts: ['base'] }, line: 'Parts: only "base".' },
    { name: 'no lane', change: { lanes: [] }, line: 'Kinds: none.' },
    { name: 'no purpose', change: { purpose: '' }, line: 'Purpose: none given.' },
    {
      name: 'a lease of an odd length',
      change: { leaseS: 90 },
      line: 'If "phone" hears nothing from "laptop" for 90 seconds, it deletes what it received and takes no more until they meet again.',
    },
    {
      name: 'a lease of one hour',
      change: { leaseS: 3600 },
      line: 'If "phone" hears nothing from "laptop" for 1 hour, it deletes what it received and takes no more until they meet again.',
    },
    {
      name: 'a purpose cannot end its line and add another',
      change: { purpose: 'help"\nUntil: tomorrow' },
      line: String.raw`Purpose: "help\u{22}\u{a}Until: tomorrow".`,
    },
    {
      name: 'a purpose cannot turn the direction of the text or hide',
      change: { purpose: '\u202Edeen\u200B \\u{a} \u{E0041} 👩‍🚀 ü' },
      line: String.raw`Purpose: "\u{202e}deen\u{200b} \u{5c}u{a} \u{e0041} 👩‍🚀 ü".`,
    },
    {
      name: 'a purpose shows its blanks, and what stands behind a letter unseen',
      change: { purpose: 'a\u00A0b\u2800\u034F\uFE0F\u200D\u{1D173} ❤️' },
      line: String.raw`Purpose: "a\u{a0}b\u{2800}\u{34f}\u{fe0f}\u{200d}\u{1d173} ❤️".`,
    },
    {
      name: 'half a character is shown as such',
      change: { purpose: '\uD800' },
      line: String.raw`Purpose: "\u{d800}".`,
    },
  ]
  test.each(lines)('[CO15] $name', ({ change, line }) => {
    expect(lineOf(change, line.slice(0, line.indexOf(' ')))).toBe(line)
  })

  test('[CO14] equal terms give equal text whatever the order of their lists', () => {
    const one = describeGrant({ ...words, lanes: ['audit', 'traces'], modules: ['b', 'a'] })
    expect(one).toBe(describeGrant({ ...words, lanes: ['traces', 'audit'], modules: ['a', 'b', 'a'] }))
  })
})
