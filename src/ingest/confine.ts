/**
 * A plugin's batch -> the same batch with only what its manifest allows (docs/spec/plugins.md). Comes before the scan, which
 * judges what is left as it judges everybody's.
 *
 * One bad record is left out alone. Work is bounded: of what is over the plugin's rate nothing is read but its length.
 */
import { utf8 } from '../base/bytes.ts'
import type { Signal } from '../model/lane.ts'
import {
  CHILD_TAG,
  FIRST_TAG,
  readContainer,
  readRange,
  type Container,
  type FieldRange,
} from '../wire/otlp/container.ts'
import { DATA_TAGS, POINT_TAG } from '../wire/otlp/check-point.ts'
import { MAX_HEAD_BYTES, MAX_RECORDS, MAX_SCOPES } from '../wire/otlp/limits.ts'
import { malformed, OtlpError, tooLarge } from '../wire/otlp/otlp-error.ts'
import { readMetricName } from '../wire/otlp/metric-name.ts'
import { ProtobufReader } from '../wire/otlp/protobuf-reader.ts'
import { ProtobufWriter } from '../wire/otlp/protobuf-writer.ts'
import type { RejectedRecords } from '../wire/otlp/rows.ts'
import { readResources } from '../wire/otlp/scan.ts'
import { countRecords } from '../wire/otlp/scan-metric.ts'
import { LOG_RECORD, METRIC, RESOURCE, SCOPE, SPAN, type Schema } from '../wire/otlp/schema.ts'
import type { PluginRefusalCode } from '../policy/plugins/refusal-codes.ts'
import { MessageConfiner } from './confine-message.ts'
import type { PluginBounds } from './plugin-bounds.ts'
import { RefusalCount, RefusedRecord } from './refusal-count.ts'

/** Largest record of a plugin, in bytes; a module's own may have a megabyte. */
export const MAX_PLUGIN_RECORD_BYTES = 65_536

export interface Confined {
  readonly bytes: Uint8Array
  readonly rejected: RejectedRecords | undefined
  readonly refusals: ReadonlyMap<PluginRefusalCode, number>
  /** Records that were looked at: what counts against the plugin's rate. */
  readonly spent: number
}

/** @param maxRecords what is left of its rate @throws {OtlpError} if the message as a whole cannot be read */
export function confine(signal: Signal, bytes: Uint8Array, bounds: PluginBounds, maxRecords: number): Confined {
  return new Confining(signal, bytes, bounds, maxRecords).run()
}

const RECORD_SCHEMAS: Readonly<Record<Signal, Schema>> = { traces: SPAN, logs: LOG_RECORD, metrics: METRIC }

class Confining {
  readonly #signal: Signal
  readonly #bytes: Uint8Array
  readonly #reader: ProtobufReader
  readonly #bounds: PluginBounds
  readonly #maxRecords: number
  readonly #refusals = new RefusalCount()
  readonly #writer = new ProtobufWriter()
  readonly #confiner: MessageConfiner
  #spent = 0
  #scopesLeft = MAX_SCOPES
  #recordsLeft = MAX_RECORDS

  constructor(signal: Signal, bytes: Uint8Array, bounds: PluginBounds, maxRecords: number) {
    this.#signal = signal
    this.#bytes = bytes
    this.#reader = new ProtobufReader(bytes)
    this.#bounds = bounds
    this.#maxRecords = maxRecords
    this.#confiner = new MessageConfiner(bytes, this.#writer, bounds, this.#refusals)
  }

  run(): Confined {
    for (const field of readResources(this.#reader)) this.#resource(field)
    const { rejected, all } = this.#refusals
    return { bytes: this.#writer.finish(), rejected, refusals: all, spent: this.#spent }
  }

  #resource(field: FieldRange): void {
    const resource = readContainer(this.#reader, field, this.#scopesLeft)
    this.#scopesLeft -= resource.children.length
    const scopes = resource.children.map((child) => {
      const scope = readContainer(this.#reader, child, this.#recordsLeft)
      this.#recordsLeft -= scope.children.length
      return scope
    })
    this.#nest(
      FIRST_TAG,
      resource,
      RESOURCE,
      scopes.flatMap(({ children }) => children),
      () => {
        for (const scope of scopes) {
          this.#nest(CHILD_TAG, scope, SCOPE, scope.children, () =>
            scope.children.forEach((child) => this.#record(child)),
          )
        }
      },
    )
  }

  /** A head that cannot be taken takes its records with it. */
  #nest(
    tag: number,
    container: Container,
    head: Schema,
    records: readonly FieldRange[],
    writeChildren: () => void,
  ): void {
    const start = this.#writer.length
    const open = this.#writer.open(tag)
    const why = this.#refusedBy(() => this.#head(container, head))
    if (why !== undefined) {
      this.#writer.rewind(start)
      for (const record of records) this.#refusals.record(why, countRecords(this.#signal, this.#reader, record))
      return
    }
    writeChildren()
    this.#writer.close(open)
  }

  #head({ head, schemaUrl, othersBytes, isAmbiguous }: Container, schema: Schema): void {
    if (isAmbiguous) throw malformed(`${schema.name} or its schema URL is given twice`)
    if (othersBytes > MAX_HEAD_BYTES) throw tooLarge(`bytes in a ${schema.name}`, MAX_HEAD_BYTES)
    if (schemaUrl !== undefined) this.#writer.raw(this.#bytes.subarray(schemaUrl.start, schemaUrl.end))
    if (head === undefined) return
    const open = this.#writer.open(FIRST_TAG)
    this.#confiner.message(head, schema)
    this.#writer.close(open)
  }

  #record(field: FieldRange): void {
    if (this.#signal === 'metrics') return this.#metric(field)
    const why = this.#spend() ?? this.#written(CHILD_TAG, () => this.#plainRecord(field))
    if (why !== undefined) this.#refusals.record(why, 1)
  }

  #plainRecord(field: FieldRange): void {
    requireSize(field)
    this.#confiner.message(field, RECORD_SCHEMAS[this.#signal])
  }

  /** Points count as records, and are judged one by one. */
  #metric(field: FieldRange): void {
    const closed = this.#closedBy()
    if (closed !== undefined) {
      return this.#refusals.record(closed, countRecords(this.#signal, this.#reader, field))
    }
    const before = this.#spent
    const why = this.#written(CHILD_TAG, () => this.#metricFields(field))
    if (why === undefined) return
    const points = countRecords(this.#signal, this.#reader, field)
    this.#spent = Math.max(this.#spent, before + 1)
    this.#refusals.record(why, points)
  }

  #metricFields(field: FieldRange): void {
    const name = this.#metricName(field)
    let headBytes = 0
    for (let at = field.content; at < field.end;) {
      this.#reader.seek(at, field.end)
      const tag = this.#reader.tag()
      const data = DATA_TAGS.has(tag) ? readRange(this.#reader, at) : undefined
      if (data === undefined) this.#reader.skip(tag & 7)
      const end = data?.end ?? this.#reader.pos
      if (data === undefined) {
        headBytes += end - at
        if (headBytes > MAX_PLUGIN_RECORD_BYTES) throw new RefusedRecord('PLUGIN_RECORD_TOO_LARGE')
        this.#confiner.message({ content: at, end }, METRIC)
      } else this.#data(tag, data, name)
      at = end
    }
  }

  #data(tag: number, data: FieldRange, name: Uint8Array): void {
    const schema = METRIC.fields[tag >>> 3]?.message as Schema
    const point = schema.fields[1]?.message as Schema
    const open = this.#writer.open(tag)
    for (let at = data.content; at < data.end;) {
      this.#reader.seek(at, data.end)
      const inner = this.#reader.tag()
      if (inner === POINT_TAG) {
        const range = readRange(this.#reader, at)
        at = range.end
        const why = this.#spend() ?? this.#written(POINT_TAG, () => this.#point(range, point, name))
        if (why !== undefined) this.#refusals.record(why, 1)
        continue
      }
      this.#reader.skip(inner & 7)
      const end = this.#reader.pos
      this.#confiner.message({ content: at, end }, schema)
      at = end
    }
    this.#writer.close(open)
  }

  #point(range: FieldRange, schema: Schema, name: Uint8Array): void {
    requireSize(range)
    const identity: Uint8Array[] = [name]
    this.#confiner.message(range, schema, (key, value) => identity.push(key, value))
    if (!this.#bounds.takeSeries(joined(identity))) throw new RefusedRecord('PLUGIN_SERIES')
  }

  #metricName({ content, end }: FieldRange): Uint8Array {
    this.#reader.seek(content, end)
    const name = readMetricName(this.#reader)
    if (name.length > MAX_HEAD_BYTES) throw tooLarge('bytes in the name of a metric', MAX_HEAD_BYTES)
    return name
  }

  #spend(): PluginRefusalCode | undefined {
    const closed = this.#closedBy()
    if (closed === undefined) this.#spent++
    return closed
  }

  /** Why no record is looked at any more, if none is. */
  #closedBy(): PluginRefusalCode | undefined {
    if (!this.#bounds.signals.has(this.#signal)) return 'PLUGIN_SIGNAL'
    return this.#spent >= this.#maxRecords ? 'PLUGIN_RATE' : undefined
  }

  /** Writes a message around its fields, or nothing. @returns why not */
  #written(tag: number, write: () => void): PluginRefusalCode | OtlpError | undefined {
    const start = this.#writer.length
    const open = this.#writer.open(tag)
    const why = this.#refusedBy(write)
    if (why === undefined) this.#writer.close(open)
    else this.#writer.rewind(start)
    return why
  }

  #refusedBy(work: () => void): PluginRefusalCode | OtlpError | undefined {
    try {
      work()
      return undefined
    } catch (err) {
      if (err instanceof RefusedRecord) return err.code
      if (err instanceof OtlpError) return err
      throw err
    }
  }
}

function requireSize({ start, end }: FieldRange): void {
  if (end - start > MAX_PLUGIN_RECORD_BYTES) throw new RefusedRecord('PLUGIN_RECORD_TOO_LARGE')
}

/** Each part with its length before it, so that no two lists are the same bytes. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const lengths = utf8(`${parts.map(({ length }) => length).join(' ')}\n`)
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, lengths.length))
  all.set(lengths)
  let at = lengths.length
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
