/**
 * Hostile records in intact messages: the scan rejects exactly those that the schema or a rule of their own refuses, says
 * so, and keeps every other. Each record is judged a second time alone, by the schema and not by the scanner.
 */
import { concat } from '../../src/base/bytes.ts'
import type { Signal } from '../../src/model/lane.ts'
import { digestOfScan } from '../../src/wire/index/digest.ts'
import { checkMessage, newBudget } from '../../src/wire/otlp/check-message.ts'
import { MAX_RECORD_BYTES, MAX_UNIX_NANO } from '../../src/wire/otlp/limits.ts'
import { OtlpError } from '../../src/wire/otlp/otlp-error.ts'
import { ProtobufReader } from '../../src/wire/otlp/protobuf-reader.ts'
import type { Scan } from '../../src/wire/otlp/rows.ts'
import { scanOtlp } from '../../src/wire/otlp/scan.ts'
import { LOG_RECORD, SPAN, type Schema } from '../../src/wire/otlp/schema.ts'
import { splitResource } from '../../src/wire/otlp/split.ts'
import { seeded, type Seeded } from '../support/seeded.ts'
import { dataOf, field, fixed64, GOOD_SPAN_ID, GOOD_TRACE_ID, nested, varint } from '../unit/wire/otlp/raw.ts'
import type { ProofOptions, ProofResult } from './proof.ts'

export const what =
  'However a record of traces or logs is damaged, the scan rejects exactly the bad ones of a message, counts them, keeps every other byte for byte, and throws nothing.'
export const cases = 1_000_000

type Kind = Extract<Signal, 'traces' | 'logs'>
/** Most records in one message. */
const MAX_RECORDS_OF_CASE = 4
/** Changes made to one record, at most. */
const MAX_CHANGES = 4
const PROGRESS_EVERY = 10_000
const SPAN_IDS = concat(field(1, GOOD_TRACE_ID), field(2, GOOD_SPAN_ID))
const SCHEMA: Readonly<Record<Kind, Schema>> = { traces: SPAN, logs: LOG_RECORD }
/** Time fields by number, each 64 bits. */
const TIMES: Readonly<Record<Kind, readonly number[]>> = { traces: [7, 8], logs: [1, 11] }
const ATTRIBUTES: Readonly<Record<Kind, number>> = { traces: 9, logs: 6 }

// oxlint-disable-next-line typescript/require-await -- what a proof is to its runner may wait
export async function run({ seed, cases: wanted, onProgress }: ProofOptions): Promise<ProofResult> {
  const random = seeded(seed)
  const failures: string[] = []
  const facts = { records: 0, 'rejected records': 0, 'good records': 0 }
  for (let done = 0; done < wanted; done++) {
    const signal = random.pick<Kind>(['traces', 'logs'])
    const records = Array.from({ length: 1 + random.below(MAX_RECORDS_OF_CASE) }, () => recordOf(signal, random))
    const good = records.filter((record) => isGood(signal, record))
    const problem = problemOf(signal, records, good)
    if (problem !== undefined) failures.push(`case ${done}: ${problem}`)
    facts.records += records.length
    facts['rejected records'] += records.length - good.length
    facts['good records'] += good.length
    if (done % PROGRESS_EVERY === 0) onProgress?.(done)
  }
  return { cases: wanted, failures, facts }
}

/** What the scan did wrong, if anything. */
function problemOf(signal: Kind, records: readonly Uint8Array[], good: readonly Uint8Array[]): string | undefined {
  let scan: Scan
  try {
    scan = scanOtlp(signal, dataOf(...records))
    digestOfScan(scan)
  } catch (err) {
    return `it threw ${(err as Error).name}: ${(err as Error).message}`
  }
  const rejected = scan.rejected?.count ?? 0
  if (scan.accepted !== good.length || rejected !== records.length - good.length) {
    return `${scan.accepted} accepted and ${rejected} rejected, where ${good.length} of ${records.length} are good`
  }
  const [resource] = scan.resources
  const limits = { maxRecords: 1000, maxBytes: 1 << 20 }
  const kept = resource ? splitResource(scan.columns, resource, () => true, limits).map(({ bytes }) => bytes) : []
  const wanted = good.length === 0 ? new Uint8Array() : dataOf(...good)
  return Buffer.compare(concat(...kept), wanted) === 0 ? undefined : 'what it kept are not the good records'
}

/** By the schema, and by the rules that a schema cannot say. */
function isGood(signal: Kind, record: Uint8Array): boolean {
  if (field(2, record).length > MAX_RECORD_BYTES) return false
  try {
    checkMessage(new ProtobufReader(record), SCHEMA[signal], newBudget())
  } catch (err) {
    if (err instanceof OtlpError) return false
    throw err
  }
  const last = lastFields(record)
  if (TIMES[signal].some((number) => isTooLate(last.get(number)))) return false
  if (signal === 'logs') return true
  const parent = last.get(4) ?? new Uint8Array()
  return isId(last.get(1), 16) && isId(last.get(2), 8) && (parent.length === 0 || parent.length === 8)
}

/** Values of the fields as they stand last, by number, of a message that was checked. */
function lastFields(record: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const reader = new ProtobufReader(record)
  const values = new Map<number, Uint8Array>()
  while (reader.hasMore) {
    const tag = reader.tag()
    const start = reader.pos
    if ((tag & 7) === 2) values.set(tag >>> 3, reader.view())
    else {
      reader.skip(tag & 7)
      values.set(tag >>> 3, record.subarray(start, reader.pos))
    }
  }
  return values
}

function isTooLate(time: Uint8Array | undefined): boolean {
  return time !== undefined && new DataView(time.slice().buffer).getBigUint64(0, true) > MAX_UNIX_NANO
}

function isId(bytes: Uint8Array | undefined, length: number): boolean {
  return bytes?.length === length && bytes.some((byte) => byte !== 0)
}

function recordOf(signal: Kind, random: Seeded): Uint8Array {
  let record = concat(signal === 'traces' ? SPAN_IDS : new Uint8Array(), ...parts(signal, random))
  for (let left = random.below(MAX_CHANGES + 1); left > 0; left--) record = damaged(record, random)
  return record
}

/** Fields of a record, most of them good. */
function parts(signal: Kind, random: Seeded): readonly Uint8Array[] {
  const makers: readonly (() => Uint8Array)[] = [
    () => attributeOf(signal, field(1, 'a text')),
    () => attributeOf(signal, varint(3, random.below(2 ** 31))),
    () => attributeOf(signal, fixed64(4, BigInt(random.below(2 ** 31)))),
    () => attributeOf(signal, nested(1 + random.below(40))),
    () => attributeOf(signal, field(1, new Uint8Array(random.below(50)).fill(0xc3))),
    () => fixed64(random.pick(TIMES[signal]), random.pick([0n, 1n, MAX_UNIX_NANO, MAX_UNIX_NANO + 1n, 2n ** 64n - 1n])),
    () => field(5, signal === 'traces' ? 'a name' : field(1, 'Some words, größer')),
    () => field(11, fixed64(1, 5n), field(2, 'event'), field(3, field(1, 'k'), field(2, field(1, 'v')))),
    () => field(13, field(1, GOOD_TRACE_ID), field(2, GOOD_SPAN_ID)),
    () => field(15, varint(3, random.below(4))),
    () => field(random.below(20) + 1, new Uint8Array(random.below(20))),
    () => field(random.pick([1, 2, 4, 9, 10]), new Uint8Array(random.pick([0, 7, 8, 15, 16, 24]))),
    () => (random.below(200) === 0 ? huge(signal, random) : varint(6, 1)),
  ]
  return Array.from({ length: random.below(6) }, () => random.pick(makers)())
}

function attributeOf(signal: Kind, value: Uint8Array): Uint8Array {
  return field(ATTRIBUTES[signal], field(1, 'key'), field(2, value))
}

/** One attribute of a megabyte, or ten thousand of them. */
function huge(signal: Kind, random: Seeded): Uint8Array {
  if (random.below(2) === 0) return attributeOf(signal, field(1, new Uint8Array(1 << 20).fill(0x61)))
  const one = attributeOf(signal, field(1, ''))
  const all = new Uint8Array(one.length * 10_000)
  for (let at = 0; at < all.length; at += one.length) all.set(one, at)
  return all
}

/** Cut short, a flipped bit, a length near 2^31, another wire type, bytes put in or left out. */
function damaged(record: Uint8Array, random: Seeded): Uint8Array {
  const at = random.below(record.length + 1)
  switch (random.below(6)) {
    case 0:
      return record.slice(0, at)
    case 1:
      return record.map((byte, i) => (i === at ? byte ^ (1 << random.below(8)) : byte))
    case 2:
      return concat(record.slice(0, at), Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07), record.slice(at + 1))
    case 3:
      return record.map((byte, i) => (i === at ? (byte & 0xf8) | random.below(8) : byte))
    case 4:
      return concat(record.slice(0, at), Uint8Array.of(random.below(256)), record.slice(at))
    default:
      return concat(record.slice(0, at), record.slice(at + 1 + random.below(4)))
  }
}
