import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeLeaf, encodeLeaf, MAX_LEAF_BYTES, type AuditLeaf } from '../../../src/audit/leaf.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { codeOf } from '../../../src/base/errors.ts'

const MINIMAL: AuditLeaf = {
  v: 1,
  type: 'agent.started',
  seq: 0,
  ts: '2026-11-22T18:00:00.123Z',
  mono: 91823,
  boot: 'AAECAwQFBgc=',
  sev: 'info',
  outcome: 'success',
  actor: { kind: 'device', ref: 'aa'.repeat(32) },
  ret: 'ops-90d',
}
const FULL: AuditLeaf = {
  ...MINIMAL,
  type: 'consent.granted',
  seq: 1842,
  sev: 'notice',
  actor: { kind: 'user', ref: '0123456789abcdef' },
  object: { kind: 'consent', ref: 'bb'.repeat(32) },
  trace: { trace_id: '0af7651916cd43dd8448eb211c80319c', span_id: 'b7ad6b7169203331' },
  consent: { id: 'cc'.repeat(16), epoch: 7 },
  pc: '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
  ret: 'consent-3y',
}
const FULL_TEXT =
  '{"actor":{"kind":"user","ref":"0123456789abcdef"},"boot":"AAECAwQFBgc=",' +
  `"consent":{"epoch":7,"id":"${'cc'.repeat(16)}"},"mono":91823,"object":{"kind":"consent","ref":"${'bb'.repeat(32)}"},` +
  '"outcome":"success","pc":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=","ret":"consent-3y","seq":1842,' +
  '"sev":"notice","trace":{"span_id":"b7ad6b7169203331","trace_id":"0af7651916cd43dd8448eb211c80319c"},' +
  '"ts":"2026-11-22T18:00:00.123Z","type":"consent.granted","v":1}'

function codeThrownBy(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (err) {
    return codeOf(err)
  }
}

describe('encoding', () => {
  test('[AU1] golden vector: these bytes and this leaf hash, forever', () => {
    const bytes = encodeLeaf(FULL)
    expect(new TextDecoder().decode(bytes)).toBe(FULL_TEXT)
    const hash = createHash('sha256').update(Uint8Array.of(0)).update(bytes).digest('hex')
    expect(hash).toBe('f9b9fcc918ab30b1c6f6c595aa114a64e5076c282c5351f11797698563833b6d')
  })

  test.each([
    ['the smallest leaf', MINIMAL],
    ['a leaf with every member', FULL],
    [
      'a type and an object of a newer version',
      { ...FULL, type: 'weather.changed', object: { kind: 'cloud', ref: 'ab'.repeat(4) } },
    ],
  ])('[AU1] %s survives a round trip', (_, leaf) => {
    expect(decodeLeaf(encodeLeaf(leaf))).toEqual(leaf)
  })

  test('[AU5] the largest leaf of version 1 is far below the limit', () => {
    const bytes = encodeLeaf({
      ...FULL,
      type: `${'a'.repeat(32)}.${'b'.repeat(32)}`,
      seq: Number.MAX_SAFE_INTEGER,
      mono: Number.MAX_SAFE_INTEGER,
      actor: { kind: 'device', ref: 'ab'.repeat(64) },
      object: { kind: 'o'.repeat(32), ref: 'ab'.repeat(64) },
      consent: { id: 'ab'.repeat(64), epoch: Number.MAX_SAFE_INTEGER },
      ret: 'r'.repeat(32),
    })
    expect(bytes.length).toBeLessThan(1_024)
    expect(bytes.length).toBeLessThan(MAX_LEAF_BYTES)
  })
})

describe('hostile leaves', () => {
  const text = (leaf: object) =>
    utf8(JSON.stringify(Object.fromEntries(Object.entries(leaf).sort(([a], [b]) => (a < b ? -1 : 1)))))

  test.each<[string, object]>([
    ['another version', { v: 2 }],
    ['a version as text', { v: '1' }],
    ['a type of one word', { type: 'consent' }],
    ['a type with a space', { type: 'consent.granted to' }],
    ['a type in capitals', { type: 'Consent.granted' }],
    ['a type of 33 letters', { type: `${'a'.repeat(33)}.b` }],
    ['a negative seq', { seq: -1 }],
    ['a fraction as seq', { seq: 0.5 }],
    ['a seq beyond exact integers', { seq: 2 ** 53 }],
    ['a day that does not exist', { ts: '2026-02-30T00:00:00.000Z' }],
    ['the 61st second', { ts: '2026-11-22T18:00:60.000Z' }],
    ['a time without milliseconds', { ts: '2026-11-22T18:00:00Z' }],
    ['a time zone', { ts: '2026-11-22T18:00:00.123+01:00' }],
    ['a year of five digits', { ts: '12026-11-22T18:00:00.123Z' }],
    ['a boot of 7 bytes', { boot: 'AAECAwQFBg==' }],
    ['a boot that is not base64', { boot: '!!!!!!!!!!!=' }],
    ['a severity of another list', { sev: 'fatal' }],
    ['an outcome of another list', { outcome: 'maybe' }],
    ['an actor as text', { actor: 'user' }],
    ['an actor of another kind', { actor: { kind: 'cat', ref: 'ab'.repeat(8) } }],
    ['an actor without a reference', { actor: { kind: 'user' } }],
    ['a name as reference', { actor: { kind: 'user', ref: "Ada's phone" } }],
    ['an address as reference', { object: { kind: 'device', ref: '192.168.1.4' } }],
    ['a path as reference', { object: { kind: 'data', ref: '/home/ada' } }],
    ['a reference in capitals', { actor: { kind: 'user', ref: 'AB'.repeat(8) } }],
    ['a reference of 3 bytes', { actor: { kind: 'user', ref: 'ab'.repeat(3) } }],
    ['a reference of 65 bytes', { actor: { kind: 'user', ref: 'ab'.repeat(65) } }],
    ['a reference of half a byte more', { actor: { kind: 'user', ref: `${'ab'.repeat(8)}a` } }],
    ['one more member in an object', { object: { kind: 'device', name: 'Ada', ref: 'ab'.repeat(8) } }],
    ['null for an object', { object: null }],
    ['a list for an object', { object: [] }],
    ['a trace id that is too short', { trace: { span_id: 'b7ad6b7169203331', trace_id: '0af7' } }],
    ['a trace without a span', { trace: { trace_id: '0af7651916cd43dd8448eb211c80319c' } }],
    ['a consent without an epoch', { consent: { id: 'ab'.repeat(16) } }],
    ['a commitment of 31 bytes', { pc: `${'A'.repeat(41)}==` }],
    ['free text as retention', { ret: 'as long as needed' }],
    ['a member it does not know', { note: 'hello' }],
    ['a member named like a method', { constructor: 1 }],
  ])('[AU6] %s is refused, read and written', (_, change) => {
    const leaf = { ...MINIMAL, ...change }
    expect(codeThrownBy(() => decodeLeaf(text(leaf)))).toBe('AUDIT_LEAF_INVALID')
    expect(codeThrownBy(() => encodeLeaf(leaf as AuditLeaf))).toBe('AUDIT_LEAF_INVALID')
  })

  test.each(Object.keys(MINIMAL))('[AU6] a leaf without %s is refused', (name) => {
    const leaf = Object.fromEntries(Object.entries(MINIMAL).filter(([member]) => member !== name))
    expect(codeThrownBy(() => decodeLeaf(text(leaf)))).toBe('AUDIT_LEAF_INVALID')
  })

  test('[AU6] no strict prefix of a leaf is a leaf', () => {
    const bytes = encodeLeaf(FULL)
    for (let end = 0; end < bytes.length; end++) {
      expect([end, codeThrownBy(() => decodeLeaf(bytes.subarray(0, end)))]).toEqual([end, 'AUDIT_LEAF_INVALID'])
    }
  })

  test('[AU3] a flipped bit is refused, or makes another leaf with other bytes: never the same leaf twice', () => {
    const bytes = encodeLeaf(FULL)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice()
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      let leaf: AuditLeaf | undefined
      const code = codeThrownBy(() => (leaf = decodeLeaf(flipped)))
      if (leaf === undefined) expect(code).toBe('AUDIT_LEAF_INVALID')
      else {
        expect(leaf).not.toEqual(FULL)
        expect(encodeLeaf(leaf)).toEqual(flipped)
      }
    }
  })

  test('[AU5] a leaf over the limit is refused before it is parsed', () => {
    const at = (length: number) => codeThrownBy(() => decodeLeaf(new Uint8Array(length).fill(0x5b)))
    expect(at(MAX_LEAF_BYTES)).toBe('AUDIT_LEAF_INVALID')
    expect(at(MAX_LEAF_BYTES + 1)).toBe('AUDIT_LEAF_TOO_LARGE')
    expect(at(10_000_000)).toBe('AUDIT_LEAF_TOO_LARGE')
  })

  test('[AU6] no bytes make it throw anything but its own errors', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(utf8)), (bytes) => {
        expect(codeThrownBy(() => decodeLeaf(bytes))).toMatch(/^AUDIT_LEAF_/)
      }),
    )
  })
})
