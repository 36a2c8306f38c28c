import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../../../src/base/bytes.ts'
import { readAnnouncements } from '../../../../src/sync/discovery/mdns-response.ts'

const SERVICE = '_aico-mesh._tcp.local'
const ID = `abcd.${SERVICE}`
const ptr = { type: 'PTR', name: SERVICE, ttl: 120, data: ID }
const srv = { type: 'SRV', name: ID, ttl: 120, data: { port: 4001, target: 'h.local' } }
const txt = { type: 'TXT', name: ID, ttl: 120, data: [utf8('v=1'), utf8('n=a=b')] }
const a = (data: unknown, name = 'h.local', type = 'A') => ({ type, name, ttl: 120, data })
const read = (...answers: unknown[]) => readAnnouncements({ answers }, SERVICE, '10.0.0.9')
const found = (addresses: string[] = ['10.0.0.9']) => [
  { name: ID, goodbye: false, found: { addresses, port: 4001, txt: { v: '1', n: 'a=b' } } },
]

describe('readAnnouncements', () => {
  const cases: { name: string; records: unknown[]; want: unknown[] }[] = [
    { name: 'PTR, SRV and TXT make an announcement', records: [ptr, srv, txt], want: found() },
    { name: 'names differ in case only', records: [{ ...ptr, data: ID.toUpperCase() }, srv, txt], want: found() },
    {
      name: 'the sender’s address comes first',
      records: [ptr, srv, txt, a('10.0.0.2')],
      want: found(['10.0.0.9', '10.0.0.2']),
    },
    { name: 'an address is named once', records: [ptr, srv, txt, a('10.0.0.9')], want: found() },
    {
      name: 'loopback, link-local and other hosts’ addresses are left out',
      records: [
        ptr,
        srv,
        txt,
        a('127.0.0.1'),
        a('fe80::1', 'h.local', 'AAAA'),
        a('::1', 'h.local', 'AAAA'),
        a('10.0.0.5', 'other.local'),
      ],
      want: found(),
    },
    { name: 'what is not an address is left out', records: [ptr, srv, txt, a('x'), a(7), a(undefined)], want: found() },
    { name: 'no TXT, no announcement', records: [ptr, srv], want: [] },
    { name: 'no SRV, no announcement', records: [ptr, txt], want: [] },
    { name: 'another service is not ours', records: [{ ...ptr, name: '_http._tcp.local' }, srv, txt], want: [] },
    { name: 'a pointer that ends is a goodbye', records: [{ ...ptr, ttl: 0 }], want: [{ name: ID, goodbye: true }] },
    { name: 'port zero is none', records: [ptr, { ...srv, data: { port: 0, target: 'h' } }, txt], want: [] },
    {
      name: 'a port over the top is none',
      records: [ptr, { ...srv, data: { port: 65_536, target: 'h' } }, txt],
      want: [],
    },
    {
      name: 'a port that is text is none',
      records: [ptr, { ...srv, data: { port: '1', target: 'h' } }, txt],
      want: [],
    },
    {
      name: 'too many TXT entries',
      records: [ptr, srv, { ...txt, data: Array.from({ length: 9 }, () => utf8('a=b')) }],
      want: [],
    },
    { name: 'a TXT entry over the limit', records: [ptr, srv, { ...txt, data: [new Uint8Array(256)] }], want: [] },
    { name: 'a TXT that is no list', records: [ptr, srv, { ...txt, data: 'v=1' }], want: [] },
    { name: 'a name over the limit', records: [{ ...ptr, data: 'x'.repeat(256) }], want: [] },
    { name: 'records without a time to live', records: [{ ...ptr, ttl: undefined }, srv, txt], want: [] },
    { name: 'records that are none', records: [undefined, 7, 'x', [], ptr, srv, txt], want: found() },
  ]
  test.each(cases)('[DI11] $name', ({ records, want }) => {
    expect(read(...records)).toEqual(want)
  })

  test('[DI11] answers and additionals are one', () => {
    expect(readAnnouncements({ answers: [ptr], additionals: [srv, txt] }, SERVICE, '10.0.0.9')).toEqual(found())
  })

  test('[DI11] at most eight addresses and 128 records are looked at', () => {
    const many = Array.from({ length: 50 }, (_, n) => a(`10.0.1.${n}`))
    const [announcement] = read(ptr, srv, txt, ...many)
    expect(announcement?.goodbye === false && announcement.found.addresses).toHaveLength(8)
    expect(read(...Array.from({ length: 128 }, () => a('10.0.0.1')), ptr, srv, txt)).toEqual([])
  })

  test('[DI11] a TXT entry named __proto__ changes nothing', () => {
    const [announcement] = read(ptr, srv, { ...txt, data: [utf8('__proto__=x'), utf8('=y'), utf8('z')] })
    expect(announcement?.goodbye === false && Object.keys(announcement.found.txt)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  test('[DI11] whatever is in a response, it does not throw', () => {
    fc.assert(
      fc.property(fc.anything(), fc.array(fc.anything()), (answers, additionals) => {
        const response = { answers, additionals: [...additionals, ptr, srv] }
        expect(readAnnouncements(response, SERVICE, '10.0.0.9').length).toBeLessThanOrEqual(128)
      }),
    )
  })
})
