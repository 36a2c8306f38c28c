import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../../../src/base/bytes.ts'
import { codeOf } from '../../../../src/base/errors.ts'
import type { TraceEntry } from '../../../../src/wire/index/digest.ts'
import {
  decodeTraceSummaries,
  encodeTraceSummaries,
  findTraceSummary,
} from '../../../../src/wire/index/trace-summaries.ts'
import { traceIdOf } from '../../../support/otlp-records.ts'

const time = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })
const entry = fc.record({
  startUnixNano: time,
  endUnixNano: time,
  spans: fc.integer({ min: 1, max: 4096 }),
  errors: fc.nat({ max: 4096 }),
  rootName: fc.option(fc.oneof(fc.constant('GET /'), fc.string({ maxLength: 12 })), { nil: undefined }),
})
const entries = fc
  .array(entry, { maxLength: 30 })
  .map((list) => list.map((each, i): TraceEntry => ({ traceId: traceIdOf(i + 1), ...each })))

const GOLDEN: readonly TraceEntry[] = [
  { traceId: traceIdOf(2), startUnixNano: 1000n, endUnixNano: 1001n, spans: 3, errors: 1, rootName: 'GET /' },
  { traceId: traceIdOf(1), startUnixNano: 1128n, endUnixNano: 1000n, spans: 4096, errors: 0, rootName: undefined },
]

describe('trace summaries', () => {
  test('[IX4] come back as they were written, in the order of their ids', () => {
    fc.assert(
      fc.property(entries, (list) => {
        expect(decodeTraceSummaries(encodeTraceSummaries(list))).toEqual(list)
        expect(decodeTraceSummaries(encodeTraceSummaries(list.toReversed()))).toEqual(list)
      }),
    )
  })

  test('[IX4] that of one trace is found among the others, and of none that is not there', () => {
    fc.assert(
      fc.property(entries, fc.nat({ max: 31 }), (list, i) => {
        const id = traceIdOf(i + 1)
        expect(findTraceSummary(encodeTraceSummaries(list), id)).toEqual(list.find(({ traceId }) => traceId === id))
      }),
    )
  })

  test('[IX4] their layout stays', () => {
    expect(toHex(encodeTraceSummaries(GOLDEN))).toMatchInlineSnapshot(
      `"0102e8030000000000000105474554202f000000000000000000000000000000018001ff0180200000000000000000000000000000000000020002030101"`,
    )
  })

  test('[IX4] every strict prefix, one byte more and another version are refused', () => {
    const bytes = encodeTraceSummaries(GOLDEN)
    const others = [
      ...Array.from({ length: bytes.length }, (_, i) => bytes.slice(0, i)),
      Uint8Array.from([...bytes, 0]),
      Uint8Array.from([2, ...bytes.slice(1)]),
    ]
    expect(new Set(others.map((each) => codeFrom(each)))).toEqual(new Set(['INDEX_BAD_SUMMARIES']))
  })

  test('[IX4] any other bytes are refused or read, and nothing else happens', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (tail) => {
        const bytes = Uint8Array.from([1, ...tail])
        expect(['read', 'INDEX_BAD_SUMMARIES']).toContain(codeFrom(bytes))
        expect(['read', 'INDEX_BAD_SUMMARIES']).toContain(
          codeFrom(bytes, (each) => findTraceSummary(each, traceIdOf(1))),
        )
      }),
    )
  })
})

function codeFrom(bytes: Uint8Array, read: (bytes: Uint8Array) => unknown = decodeTraceSummaries): string {
  try {
    read(bytes)
    return 'read'
  } catch (err) {
    return codeOf(err)
  }
}
