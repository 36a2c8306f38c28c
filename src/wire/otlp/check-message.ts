/**
 * Checks one message against its schema without building anything: wire types, UTF-8, nesting, counts.
 * What passes here, no decoder of this folder throws on. Unknown fields are passed over, as protobuf asks.
 *
 * A message field given twice is refused, where protobuf would merge the two: no encoder writes it, and two readers
 * that disagree about it would show different records.
 */
import { MAX_ATTRIBUTES, MAX_ELEMENTS, MAX_VALUE_DEPTH } from './limits.ts'
import { malformed, OtlpError, tooLarge } from './otlp-error.ts'
import type { ProtobufReader } from './protobuf-reader.ts'
import { WIRE_BYTES } from './protobuf-reader.ts'
import type { Field, Schema } from './schema.ts'
import { ANY_VALUE, KEY_VALUE } from './schema.ts'

/** Counts the elements of one record against {@link MAX_ELEMENTS}. */
export interface Budget {
  elements: number
}

export function newBudget(): Budget {
  return { elements: MAX_ELEMENTS }
}

/**
 * Checks what `reader` is narrowed to. `take` sees each known tag first and answers true when it has read the value
 * itself: so the scan picks its row's fields out in the same pass.
 */
export function checkMessage(
  reader: ProtobufReader,
  schema: Schema,
  budget: Budget,
  take?: (tag: number) => boolean,
  depth = 0,
): void {
  let seen = 0
  let attributes = 0
  while (reader.hasMore) {
    const tag = reader.tag()
    const field = schema.fields[tag >>> 3]
    if (field === undefined) {
      reader.skip(tag & 7)
      continue
    }
    if (field.message !== undefined) {
      if (field.message === KEY_VALUE && ++attributes > MAX_ATTRIBUTES) {
        throw tooLarge(`attributes in ${schema.name}`, MAX_ATTRIBUTES)
      }
      const bit = field.repeated ? 0 : 1 << field.number
      if ((seen & bit) !== 0) throw malformed(`${schema.name}.${field.name} is given twice`)
      seen |= bit
    }
    if (take?.(tag) !== true) checkField(reader, field, tag & 7, budget, depth)
  }
}

/** Reads one message field with `read`, counting it. */
export function checkPart(reader: ProtobufReader, budget: Budget, read: () => void): void {
  spend(budget, 1)
  const outer = reader.enter()
  read()
  reader.leave(outer)
}

/** One field that `reader` stands behind the tag of. */
export function checkField(reader: ProtobufReader, field: Field, wire: number, budget: Budget, depth: number): void {
  const { message } = field
  if (field.repeated && message === undefined) {
    if (field.wire !== WIRE_BYTES && wire === WIRE_BYTES) return checkPacked(reader, field, budget)
    spend(budget, 1)
  }
  if (wire !== field.wire) throw malformed(`${field.name} has the wrong wire type`)
  if (message !== undefined) {
    const inner = message === ANY_VALUE ? depth + 1 : depth
    if (inner > MAX_VALUE_DEPTH) throw new OtlpError('OTLP_TOO_DEEP', `values nest deeper than ${MAX_VALUE_DEPTH}`)
    // Spelled out, not by checkPart: a function made for every attribute is a quarter of the scan's time.
    spend(budget, 1)
    const outer = reader.enter()
    checkMessage(reader, message, budget, undefined, inner)
    reader.leave(outer)
  } else if (field.type === 'string') {
    reader.skipText()
  } else {
    reader.skip(wire)
  }
}

function checkPacked(reader: ProtobufReader, { wire }: Field, budget: Budget): void {
  const outer = reader.enter()
  while (reader.hasMore) {
    spend(budget, 1)
    reader.skip(wire)
  }
  reader.leave(outer)
}

export function spend(budget: Budget, elements: number): void {
  budget.elements -= elements
  if (budget.elements < 0) throw tooLarge('elements in a record', MAX_ELEMENTS)
}
