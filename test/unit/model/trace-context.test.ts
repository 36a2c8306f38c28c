import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Sha256 } from '../../../src/base/crypto.ts'
import {
  formatTraceparent,
  MAX_LEGACY_ID_CHARS,
  parseTraceparent,
  readTraceHeaders,
  spanIdOrLegacy,
  traceIdOrLegacy,
} from '../../../src/model/trace-context.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'

const T = '0af7651916cd43dd8448eb211c80319c'
const S = 'b7ad6b7169203331'
const sha256: Sha256 = (bytes) => nodeCrypto.sha256(bytes)
const valid = (flags: number) => ({ traceId: T, spanId: S, flags })

interface LegacyVector {
  readonly text: string
  readonly traceId: string | null
  readonly spanId: string | null
}
const vectors = JSON.parse(readFileSync(new URL('../../vectors/bus.json', import.meta.url), 'utf8')) as {
  readonly legacyIds: readonly LegacyVector[]
}

describe('traceparent', () => {
  const cases = [
    { name: 'sampled', text: `00-${T}-${S}-01`, want: valid(1) },
    { name: 'not sampled', text: `00-${T}-${S}-00`, want: valid(0) },
    { name: 'random', text: `00-${T}-${S}-03`, want: valid(3) },
    { name: 'flags nobody knows are read as zero', text: `00-${T}-${S}-ff`, want: valid(3) },
    { name: 'a later version of the same length', text: `01-${T}-${S}-01`, want: valid(1) },
    { name: 'a later version with more fields', text: `cc-${T}-${S}-01-what-the-future-brings`, want: valid(1) },
    { name: 'a later version that ends in a dash', text: `cc-${T}-${S}-01-`, want: valid(1) },
    { name: 'a later version, longer without a dash', text: `cc-${T}-${S}-01.more`, want: undefined },
    { name: 'version 00 with more fields', text: `00-${T}-${S}-01-more`, want: undefined },
    { name: 'version 00 that ends in a dash', text: `00-${T}-${S}-01-`, want: undefined },
    { name: 'version ff', text: `ff-${T}-${S}-01`, want: undefined },
    { name: 'version in capitals', text: `CC-${T}-${S}-01`, want: undefined },
    { name: 'trace id of zeros', text: `00-${'0'.repeat(32)}-${S}-01`, want: undefined },
    { name: 'span id of zeros', text: `00-${T}-${'0'.repeat(16)}-01`, want: undefined },
    { name: 'trace id in capitals', text: `00-${T.toUpperCase()}-${S}-01`, want: undefined },
    { name: 'span id in capitals', text: `00-${T}-${S.toUpperCase()}-01`, want: undefined },
    { name: 'trace id too short', text: `00-${T.slice(1)}-${S}-01`, want: undefined },
    { name: 'trace id too long', text: `00-${T}0-${S}-01`, want: undefined },
    { name: 'span id too short', text: `00-${T}-${S.slice(1)}-01`, want: undefined },
    { name: 'no hex', text: `00-${T.replace('a', 'g')}-${S}-01`, want: undefined },
    { name: 'flags too short', text: `00-${T}-${S}-1`, want: undefined },
    { name: 'flags no hex', text: `00-${T}-${S}-.0`, want: undefined },
    { name: 'other separators', text: `00_${T}_${S}_01`, want: undefined },
    { name: 'blanks around it', text: ` 00-${T}-${S}-01`, want: undefined },
    { name: 'nothing', text: '', want: undefined },
  ]
  test.each(cases)('[TC1] $name', ({ text, want }) => {
    expect(parseTraceparent(text)).toEqual(want)
  })

  test('[TC2] what we send is version 00 with known flags only, and reads back', () => {
    const later = readTraceHeaders({ traceparent: `01-${T}-${S}-ff-more` })
    expect(later && formatTraceparent(later)).toBe(`00-${T}-${S}-03`)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 24 }), fc.nat(3), (bytes, flags) => {
        const hex = Buffer.from(bytes).toString('hex')
        const text = `00-${hex.slice(0, 32)}-${hex.slice(32)}-0${flags}`
        const read = parseTraceparent(text)
        if (read) expect(formatTraceparent(read)).toBe(text)
      }),
    )
  })

  test('[TC1] no strict prefix of a header is a header', () => {
    const text = `00-${T}-${S}-01`
    for (let n = 0; n < text.length; n++) expect(parseTraceparent(text.slice(0, n))).toBeUndefined()
  })
})

describe('headers', () => {
  const traceparent = `00-${T}-${S}-01`
  test.each([
    { name: 'no headers start a new trace', headers: {}, want: undefined },
    { name: 'tracestate alone is ignored', headers: { tracestate: 'a=1' }, want: undefined },
    {
      name: 'two traceparents start a new trace',
      headers: { traceparent: [traceparent, traceparent] },
      want: undefined,
    },
    { name: 'one in an array is one', headers: { traceparent: [traceparent] }, want: { ...valid(1), tracestate: [] } },
    {
      name: 'several tracestates are one list',
      headers: { traceparent, tracestate: ['a=1', 'b=2'] },
      want: {
        ...valid(1),
        tracestate: [
          { key: 'a', value: '1' },
          { key: 'b', value: '2' },
        ],
      },
    },
    {
      name: 'a bad tracestate is dropped alone',
      headers: { traceparent, tracestate: 'a=1,=' },
      want: { ...valid(1), tracestate: [] },
    },
  ])('[TC3] $name', ({ headers, want }) => {
    expect(readTraceHeaders(headers)).toEqual(want)
  })
})

describe('ids of older modules', () => {
  test.each(vectors.legacyIds)('[TC5] vector $text', ({ text, traceId, spanId }) => {
    const trace = traceIdOrLegacy(text, sha256)
    const span = spanIdOrLegacy(text, sha256)
    expect(trace).toEqual(traceId === null ? undefined : { id: traceId, legacy: text })
    expect(span).toEqual(spanId === null ? undefined : { id: spanId, legacy: text })
  })

  test('[TC5] a W3C id stays itself, in either case', () => {
    expect(traceIdOrLegacy(T.toUpperCase(), sha256)).toEqual({ id: T, legacy: undefined })
    expect(spanIdOrLegacy(S, sha256)).toEqual({ id: S, legacy: undefined })
  })

  test('[TC5] too long a text holds no id', () => {
    const longest = 'x'.repeat(MAX_LEGACY_ID_CHARS)
    expect(traceIdOrLegacy(longest, sha256)?.legacy).toBe(longest)
    expect(traceIdOrLegacy(`${longest}x`, sha256)).toBeUndefined()
  })
})
