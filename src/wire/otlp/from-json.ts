/**
 * OTLP/JSON -> OTLP protobuf, by the rules of the OTLP specification ("JSON Protobuf Encoding"): hex ids of either case,
 * enums as integers only, lowerCamelCase names only, unknown fields ignored, 64-bit integers as decimal strings or
 * numbers, bytes as base64.
 *
 * A record with a field of the wrong kind is left out alone and counted, of a metric just the point; a bad resource or scope
 * takes its records with it. Throws OtlpError when the document as a whole is not one of the signal. What comes out still has to be scanned:
 * here only the JSON is judged, not ids or limits of records.
 */
import type { Signal } from '../../model/lane.ts'
import { assertJsonShape, parseExactJson } from './json-text.ts'
import type { JsonObject } from './json-value.ts'
import { type MendedJson, pointsIn, withoutBadPoints } from './json-points.ts'
import { asArray, asObject, writeField, writeFields } from './json-value.ts'
import { OtlpError } from './otlp-error.ts'
import { WIRE_BYTES } from './protobuf-reader.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
import { RejectedTally } from './rejected-tally.ts'
import type { RejectedRecords } from './rows.ts'
import type { Field } from './schema.ts'
import { DATA, METRIC } from './schema.ts'

export interface FromJson {
  readonly bytes: Uint8Array
  readonly rejected: RejectedRecords | undefined
}

export function otlpJsonToProtobuf(signal: Signal, text: string): FromJson {
  assertJsonShape(text)
  return otlpValueToProtobuf(signal, parseExactJson(text))
}

/** The same for a document that was parsed, or made, before; its depth is the caller's to bound. */
export function otlpValueToProtobuf(signal: Signal, value: unknown): FromJson {
  const data = asObject(value, 'the document')
  const conversion = new Conversion()
  const resources = DATA[signal].fields[1] as Field
  for (const resource of childrenOf(data, resources)) conversion.addContainer(resources, resource, undefined)
  return conversion.result()
}

class Conversion {
  readonly #writer = new ProtobufWriter()
  readonly #rejected = new RejectedTally()

  result(): FromJson {
    return { bytes: this.#writer.finish(), rejected: this.#rejected.result() }
  }

  /** Writes a resource or a scope with all below it. `problem` is what is wrong with the level above, if anything. */
  addContainer(field: Field, value: unknown, problem: OtlpError | undefined): void {
    const object = asObject(value, field.name)
    const children = field.message?.fields[2] as Field
    const start = this.#writer.open(tagOf(field))
    const own = problem ?? this.#attempt(() => this.#writeHead(field, children, object))
    for (const child of childrenOf(object, children)) {
      if (children.message?.byName.has('schemaUrl') === true) this.addContainer(children, child, own)
      else this.#addRecord(children, child, own)
    }
    this.#writer.close(start)
  }

  #writeHead(field: Field, children: Field, object: JsonObject): void {
    const { [children.name]: _, ...head } = object
    writeFields(this.#writer, field.message, head)
  }

  #addRecord(field: Field, value: unknown, problem: OtlpError | undefined): void {
    const why = problem ?? this.#attempt(() => writeField(this.#writer, field, value))
    if (why === undefined) return
    if (field.message !== METRIC) return this.#rejected.add(why, 1)
    const mended = problem === undefined ? this.#mended(field, value) : undefined
    if (mended === undefined) this.#rejected.add(why, countPoints(value))
    else for (const each of mended.refused) this.#rejected.add(each, 1)
  }

  /** Writes a metric without the points that cannot be written; undefined if these are not all that is wrong with it. */
  #mended(field: Field, value: unknown): MendedJson | undefined {
    let mended: MendedJson | undefined
    const problem = this.#attempt(() => {
      mended = withoutBadPoints(value, (pointField, point) => this.#whyNot(pointField, point))
      if (mended !== undefined) writeField(this.#writer, field, mended.metric)
    })
    return problem === undefined ? mended : undefined
  }

  /** Why a value cannot be written, tried out. */
  #whyNot(field: Field, value: unknown): OtlpError | undefined {
    const { length } = this.#writer
    const why = this.#attempt(() => writeField(this.#writer, field, value))
    this.#writer.rewind(length)
    return why
  }

  /** What `write` threw, with all it wrote taken back. */
  #attempt(write: () => void): OtlpError | undefined {
    const { length } = this.#writer
    try {
      write()
      return undefined
    } catch (err) {
      if (!(err instanceof OtlpError)) throw err
      this.#writer.rewind(length)
      return err
    }
  }
}

function childrenOf(object: JsonObject, field: Field): readonly unknown[] {
  const value = object[field.name]
  return value === undefined || value === null ? [] : asArray(value, field.name)
}

function tagOf(field: Field): number {
  return (field.number << 3) | WIRE_BYTES
}

/** Data points of a metric that is not taken, as far as they can be seen; at least 1. */
function countPoints(metric: unknown): number {
  if (typeof metric !== 'object' || metric === null) return 1
  const points = Object.values(metric).reduce<number>((sum, data) => sum + (pointsIn(data)?.length ?? 0), 0)
  return Math.max(1, points)
}
