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
import { parseTracestate } from '../../../src/model/tracestate.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { SPAN_ID, TRACE_CONTEXT, TRACE_ID } from '../../support/trace-context-table.ts'

const [T, S] = [TRACE_ID, SPAN_ID]
const sha256: Sha256 = (bytes) => nodeCrypto.sha256(bytes)

interface LegacyVector {
  readonly text: string
  readonly traceId: string | null
  readonly spanId: string | null
}
const vectors = JSON.parse(readFileSync(new URL('../../vectors/bus.json', import.meta.url), 'utf8')) as {
  readonly legacyIds: readonly LegacyVector[]
}

test.each(TRACE_CONTEXT)('[TC1] [TC3] [TC4] $name', ({ headers, want }) => {
  const valuesOf = (wanted: string) =>
    headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value)
  const read = readTraceHeaders({ traceparent: valuesOf('traceparent'), tracestate: valuesOf('tracestate') })
  expect(read).toEqual(
    want && { traceId: T, spanId: S, flags: want.flags, tracestate: parseTracestate([want.tracestate]) },
  )
})

describe('traceparent', () => {
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
