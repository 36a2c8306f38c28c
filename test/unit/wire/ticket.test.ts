import { MAX_ADDRESS_BYTES, MAX_ADDRESSES } from '../../../src/wire/shared-fields.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat } from '../../../src/base/bytes.ts'
import { decodeBase32, encodeBase32 } from '../../../src/wire/base32.ts'
import { encodeCbor } from '../../../src/wire/cbor.ts'
import type { CborValue } from '../../../src/wire/cbor-value.ts'
import { decodeTicket, encodeTicket, MAX_TICKET_CHARS, pairTokenId, type Ticket } from '../../../src/wire/ticket.ts'
import { WireError } from '../../../src/wire/wire-error.ts'
import * as fx from './fixtures.ts'

const ticket: Ticket = {
  deviceId: fx.laptop.card.deviceId,
  peerKey: fx.laptop.card.peerKey,
  token: fx.bytes(0xe0, 16),
  addrs: ['/ip4/192.168.1.20/tcp/4101'],
  expiresUnixS: 1_795_000_300,
}
const text = encodeTicket(ticket, fx.sha256)
const decode = (input: string) => decodeTicket(input, fx.sha256)

/** A ticket with a right checksum around any content. */
function around(content: Uint8Array): string {
  return `aicomesh1${encodeBase32(concat(content, fx.sha256(content).slice(0, 4)))}`
}
const content = (changes: readonly (readonly [number, CborValue])[]): Uint8Array =>
  encodeCbor(
    new Map<number, CborValue>([
      [1, 1],
      [2, fx.bytes(0, 32)],
      [3, fx.bytes(0, 32)],
      [4, fx.bytes(0, 16)],
      [5, []],
      [6, 0],
      ...changes,
    ]),
  )

const refused: { name: string; input: string; code: string }[] = [
  { name: 'nothing', input: '', code: 'TICKET_FORMAT' },
  { name: 'something else', input: 'https://example.org/', code: 'TICKET_FORMAT' },
  { name: 'the prefix alone', input: 'aicomesh1', code: 'TICKET_FORMAT' },
  { name: 'a letter that base32 does not have', input: `${text.slice(0, -1)}1`, code: 'TICKET_FORMAT' },
  { name: 'a letter beyond ASCII that lowercases into it', input: text.replace('k', '\u212a'), code: 'TICKET_FORMAT' },
  { name: 'a text over the limit', input: text + ' '.repeat(MAX_TICKET_CHARS), code: 'TICKET_FORMAT' },
  { name: 'two letters swapped', input: swapped(text), code: 'TICKET_CHECKSUM' },
  { name: 'a newer kind of text', input: text.replace('aicomesh1', 'aicomesh2'), code: 'TICKET_VERSION' },
  { name: 'a newer version inside', input: around(content([[1, 2]])), code: 'TICKET_VERSION' },
  { name: 'noise with a right checksum', input: around(fx.bytes(0, 40)), code: 'TICKET_FORMAT' },
  { name: 'a short token', input: around(content([[4, fx.bytes(0, 15)]])), code: 'TICKET_FORMAT' },
  {
    name: 'an address over the limit',
    input: around(content([[5, ['x'.repeat(MAX_ADDRESS_BYTES + 1)]]])),
    code: 'TICKET_FORMAT',
  },
  { name: 'an address with a line break', input: around(content([[5, ['/ip4/1.2.3.4\n']]])), code: 'TICKET_FORMAT' },
  {
    name: 'an address too many',
    input: around(content([[5, Array.from({ length: MAX_ADDRESSES + 1 }, () => '/a')]])),
    code: 'TICKET_FORMAT',
  },
]

/** The first two neighbours after the prefix that differ, the other way round. */
function swapped(original: string): string {
  const letters = original.split('')
  const at = letters.findIndex((letter, i) => i > 20 && letter !== letters[i + 1])
  return [...letters.slice(0, at), letters[at + 1], letters[at], ...letters.slice(at + 2)].join('')
}

describe('base32', () => {
  // RFC 4648, 10, without padding and in lowercase.
  test.each([
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ])('[TK1] "%s" is "%s"', (plain, encoded) => {
    expect(encodeBase32(new TextEncoder().encode(plain))).toBe(encoded)
    expect(decodeBase32(encoded)).toEqual(new TextEncoder().encode(plain))
  })

  test.each(['m', 'a', 'mya', 'mzx', 'mzxw6y', 'mz', 'MY', 'my======', 'm1'])(
    '[TK1] "%s" is no base32 of ours',
    (input) => {
      expect(decodeBase32(input)).toBeUndefined()
    },
  )

  test('[TK1] every byte string comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBase32(encodeBase32(bytes))).toEqual(bytes)
      }),
    )
  })
})

describe('ticket', () => {
  test.each(fx.vectors('ticket'))('[TK2] golden: $name', ({ value, derived }) => {
    expect(encodeTicket(value as Ticket, fx.sha256)).toBe(derived?.['text'])
    expect(decode(derived?.['text'] ?? '')).toEqual(value)
    expect(fx.toHex(pairTokenId((value as Ticket).token, fx.sha256))).toBe(derived?.['tokenId'])
  })

  test('[TK3] capitals, white space and line breaks do not matter', () => {
    const lines = text
      .toUpperCase()
      .match(/.{1,20}/g)
      ?.join('\r\n  ')
    expect(decode(`\t ${lines} \n`)).toEqual(ticket)
  })

  test.each(refused)('[TK4] refused: $name', ({ input, code }) => {
    expect(fx.refusal(() => decode(input))).toBe(code)
  })

  test.each([1, 2, 3, 4, 40])('[TK4] a ticket without its last %i letters is told from no ticket', (missing) => {
    expect(() => decode(text.slice(0, -missing))).toThrow('mistyped or cut off')
    expect(() => decode(text.slice(missing))).toThrow('this is no ticket')
  })

  test('[TK4] every prefix is refused, and so is every changed letter', () => {
    const at = Array.from(text, (_, index) => index)
    const prefixes = at.map((end) => text.slice(0, end))
    const typos = at.map((i) => text.slice(0, i) + (text[i] === 'a' ? 'b' : 'a') + text.slice(i + 1))
    for (const input of [...prefixes, ...typos]) expect(fx.refusal(() => decode(input))).toMatch(/^TICKET_/)
  })

  test('[TK4] noise is refused with a code of tickets', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.uint8Array().map(around)), (input) => {
        expect(fx.refusal(() => decode(input))).toMatch(/^TICKET_(FORMAT|CHECKSUM|VERSION)$/)
      }),
    )
  })

  test('[TK2] the fullest ticket is read, and what a reader would refuse is not written', () => {
    const addrs = Array.from({ length: MAX_ADDRESSES }, () => '/'.repeat(MAX_ADDRESS_BYTES))
    const fullest = { ...ticket, addrs, expiresUnixS: Number.MAX_SAFE_INTEGER }
    expect(decode(encodeTicket(fullest, fx.sha256))).toEqual(fullest)
    expect(() => encodeTicket({ ...ticket, addrs: [...addrs, '/'] }, fx.sha256)).toThrow(WireError)
    expect(() => encodeTicket({ ...ticket, token: fx.bytes(0, 8) }, fx.sha256)).toThrow(WireError)
  })

  test('[TK5] the token id names the token without containing it', () => {
    const id = pairTokenId(ticket.token, fx.sha256)
    expect(id).toHaveLength(8)
    expect(id).not.toEqual(pairTokenId(fx.bytes(0, 16), fx.sha256))
    expect(fx.toHex(ticket.token)).not.toContain(fx.toHex(id))
  })
})
