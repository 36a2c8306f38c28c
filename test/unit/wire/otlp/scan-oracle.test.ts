/** The scanner spelled out by hand takes and refuses exactly what checkMessage does by the schema. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concat } from '../../../../src/base/bytes.ts'
import { checkMessage, newBudget } from '../../../../src/wire/otlp/check-message.ts'
import { OtlpError } from '../../../../src/wire/otlp/otlp-error.ts'
import { ProtobufReader } from '../../../../src/wire/otlp/protobuf-reader.ts'
import { scanOtlp } from '../../../../src/wire/otlp/scan.ts'
import { LOG_RECORD, SPAN, type Schema } from '../../../../src/wire/otlp/schema.ts'
import { dataOf, field, fixed64, GOOD_SPAN_ID, GOOD_TRACE_ID, hex, varint } from './raw.ts'

function bigVarint(number: number, value: bigint): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 0x80n) return concat(varint(number, 0).slice(0, -1), Uint8Array.from([...bytes, Number(rest)]))
    bytes.push(Number(rest & 0x7fn) | 0x80)
  }
}

/** Fields of the records and of what is in them, good and bad, in any order and nesting. */
const part: fc.Memo<Uint8Array> = fc.memo((depth) => {
  const number = fc.integer({ min: 1, max: 17 })
  const leaf = fc.oneof(
    fc.tuple(number, fc.uint8Array({ maxLength: 9 })).map(([n, bytes]) => field(n, bytes)),
    fc.tuple(number, fc.string({ maxLength: 40, unit: 'binary' })).map(([n, text]) => field(n, text)),
    fc.tuple(number, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })).map(([n, value]) => bigVarint(n, value)),
    fc.tuple(number, fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })).map(([n, value]) => fixed64(n, value)),
    fc.constant(hex('85 01 01 02 03 04')),
    fc.constant(hex('0b 0c')),
  )
  if (depth <= 1) return leaf
  const nested = fc.tuple(number, fc.array(part(depth - 1), { maxLength: 5 })).map(([n, parts]) => field(n, ...parts))
  return fc.oneof(leaf, nested)
})
const record = fc.array(part(6), { maxLength: 8 }).map((parts) => concat(...parts))

/** The same with the key-value pairs that most of a record is. */
const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => field(1, text)),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => bigVarint(3, n)),
  fc.array(part(3), { maxLength: 3 }).map((parts) => concat(...parts)),
)
const pair = fc.tuple(fc.string({ maxLength: 8 }), value).map(([key, v]) => concat(field(1, key), field(2, v)))

/** `taken`, or why not; which of several reasons comes first is left open. */
function verdictOf(schema: Schema, bytes: Uint8Array): string {
  try {
    checkMessage(new ProtobufReader(bytes), schema, newBudget())
    return 'taken'
  } catch (err) {
    if (err instanceof OtlpError) return err.code
    throw err
  }
}

/** Codes that the scan alone gives, for what a schema does not say. */
const BEYOND_SCHEMA = /^OTLP_BAD_(?:ID|TIME)$/

test.each([
  { signal: 'traces' as const, schema: SPAN, ids: concat(field(1, GOOD_TRACE_ID), field(2, GOOD_SPAN_ID)), at: 9 },
  { signal: 'logs' as const, schema: LOG_RECORD, ids: new Uint8Array(), at: 6 },
])('[OT3] a record of $signal is taken exactly when its schema takes it', ({ signal, schema, ids, at }) => {
  const bodies = fc.oneof(
    record,
    fc.array(pair, { maxLength: 4 }).map((all) => concat(...all.map((p) => field(at, p)))),
  )
  const seen = new Set<string>()
  fc.assert(
    fc.property(bodies, (body) => {
      const bytes = concat(ids, body)
      const { accepted, rejected } = scanOtlp(signal, dataOf(bytes))
      const scanned = rejected?.code ?? (accepted === 1 ? 'taken' : 'lost')
      const checked = verdictOf(schema, bytes)
      seen.add(checked)
      if (checked === 'taken' && BEYOND_SCHEMA.test(scanned)) return
      expect(scanned === 'taken').toBe(checked === 'taken')
      expect(scanned).not.toBe('lost')
    }),
    { numRuns: 3000 },
  )
  expect(seen).toContain('taken')
  expect(seen).toContain('OTLP_MALFORMED')
  expect(seen).toContain('OTLP_BAD_TEXT')
})
