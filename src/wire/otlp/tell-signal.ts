/**
 * Which signal a protobuf message is of. Nothing in OTLP says it: the three are laid out alike down to their records. It is
 * told only if the first records have fields of one signal and of no other; else it is for the person to say.
 */
import { SIGNALS, type Signal } from '../../model/lane.ts'
import { cutMessage } from './cut-message.ts'
import { OtlpError } from './otlp-error.ts'
import { ProtobufReader, WIRE_BYTES } from './protobuf-reader.ts'
import type { Schema } from './schema.ts'
import { DATA } from './schema.ts'

/** Records looked at: they are of one signal, so the first one nearly always tells. */
const MAX_LOOKED_AT = 16
/** Messages within each other that are looked into. */
const MAX_DEPTH = 100
const SPAN_TRACE_ID_BYTES = 16
const SPAN_SPAN_ID_BYTES = 8

/** @returns `undefined` if it cannot be told, and for a message without records */
export function tellSignal(message: Uint8Array): Signal | undefined {
  const records = firstRecords(message)
  if (records.length === 0) return undefined
  const [signal, other] = SIGNALS.filter((each) => records.every((record) => isRecordOf(each, record)))
  return other === undefined ? signal : undefined
}

function firstRecords(message: Uint8Array): readonly Uint8Array[] {
  const records: Uint8Array[] = []
  const note = (record: Uint8Array): boolean => {
    if (records.length < MAX_LOOKED_AT) records.push(record)
    return false
  }
  // Nothing is kept, so nothing is written: framing is walked through and that is all.
  for (const _ of cutMessage(message, { maxRecords: 1, maxBytes: 1 }, note)) break
  return records
}

/** Every field is one of this signal's records, and those are there that such a record cannot do without. */
function isRecordOf(signal: Signal, record: Uint8Array): boolean {
  const schema = DATA[signal].fields[1]?.message?.fields[2]?.message?.fields[2]?.message as Schema
  try {
    return hasOnlyFieldsOf(new ProtobufReader(record), schema, 0) && hasWhatItNeeds(signal, record)
  } catch (err) {
    if (err instanceof OtlpError) return false
    throw err
  }
}

function hasOnlyFieldsOf(reader: ProtobufReader, schema: Schema, depth: number): boolean {
  if (depth > MAX_DEPTH) return false
  while (reader.hasMore) {
    const tag = reader.tag()
    const field = schema.fields[tag >>> 3]
    if (field === undefined) return false
    const isPacked = field.repeated && (tag & 7) === WIRE_BYTES && field.wire !== WIRE_BYTES
    if (field.wire !== (tag & 7) && !isPacked) return false
    if (field.message === undefined) {
      if (field.type === 'string') reader.skipText()
      else reader.skip(tag & 7)
      continue
    }
    const outer = reader.enter()
    if (!hasOnlyFieldsOf(reader, field.message, depth + 1)) return false
    reader.leave(outer)
  }
  return true
}

function hasWhatItNeeds(signal: Signal, record: Uint8Array): boolean {
  const lengths = new Map<number, number>()
  const reader = new ProtobufReader(record)
  while (reader.hasMore) {
    const tag = reader.tag()
    const start = reader.pos
    if ((tag & 7) === WIRE_BYTES) lengths.set(tag >>> 3, reader.view().length)
    else {
      reader.skip(tag & 7)
      lengths.set(tag >>> 3, reader.pos - start)
    }
  }
  if (signal === 'logs') return true
  if (signal === 'metrics') return (lengths.get(1) ?? 0) > 0
  return lengths.get(1) === SPAN_TRACE_ID_BYTES && lengths.get(2) === SPAN_SPAN_ID_BYTES
}
