/** What one chunk adds to the service map: its spans as columns of numbers, some 21 bytes each. */
import { SPAN_ID_BYTES, TRACE_ID_BYTES } from '../../model/ids.ts'
import type { ProtobufReader } from '../../wire/otlp/protobuf-reader.ts'
import type { RecordFilter } from './record-filter.ts'
import { Range, SpanHead, type RecordParts } from './record-head.ts'
import type { SearchChunk } from './search-source.ts'
import { readServiceName } from './service-name.ts'
import { spanKey, type SpanKey } from './span-places.ts'
import { walkRecords } from './walk-records.ts'

export interface MapPart {
  /** Runs of spans of one service: the first span of each. */
  readonly services: readonly { readonly service: string | null; readonly from: number }[]
  readonly spans: number
  /** Of each span four: its key, and its parent's, if it has one. */
  readonly keys: Uint32Array
  /** Of each span: `SPAN_…`, and its kind in the lowest bits. */
  readonly flags: Uint8Array
  readonly nanos: Float32Array
  /** Of each link to a span that is not the parent three: the span that has it, and the key of the other. */
  readonly links: Uint32Array
  readonly bytes: number
}
export const SPAN_KIND_BITS = 7
export const SPAN_HAS_PARENT = 8
export const SPAN_FAILED = 16
/** It is one of those that are asked for; others are only here to be callers. */
export const SPAN_IS_MEANT = 32

const STATUS_ERROR = 2
/** Most links of a span that are followed. */
const MAX_LINKS = 16
/** What a part weighs beside its columns, and a run. */
const PART_BYTES = 1000
const RUN_BYTES = 120

/**
 * @param filter says which spans are meant; undefined: all of them
 * @throws {OtlpError} for a payload that cannot be read
 */
export function mapPart(filter: RecordFilter<SpanHead> | undefined, payload: Uint8Array, chunk: SearchChunk): MapPart {
  const columns = new MapColumns(payload)
  const meant = new Set<number>()
  filter?.walk(payload, chunk, ({ spanId }) => meant.add(spanId.start))
  const head = new SpanHead()
  const links = new Links(payload)
  walkRecords(payload, {
    resource(reader) {
      columns.enter(readServiceName(reader))
      return true
    },
    scope: () => undefined,
    record(reader) {
      links.clear()
      head.read(reader, links.parts)
      columns.add(head, filter === undefined || meant.has(head.spanId.start), links.found)
    },
  })
  return columns.result()
}

class MapColumns {
  readonly #payload: Uint8Array
  readonly #services: { readonly service: string | null; readonly from: number }[] = []
  readonly #keys: number[] = []
  readonly #flags: number[] = []
  readonly #nanos: number[] = []
  readonly #links: number[] = []

  constructor(payload: Uint8Array) {
    this.#payload = payload
  }

  /** What follows is of this service. */
  enter(service: string | null): void {
    const last = this.#services.at(-1)
    if (last === undefined || last.service !== service) this.#services.push({ service, from: this.#flags.length })
  }

  add(
    { traceId, spanId, parentSpanId, kind, statusCode, duration }: SpanHead,
    isMeant: boolean,
    links: readonly SpanKey[],
  ): void {
    const span = this.#flags.length
    const hasParent = parentSpanId.length === SPAN_ID_BYTES && !isZero(this.#payload, parentSpanId)
    const parent = hasParent ? spanKey(this.#payload, traceId.start, parentSpanId.start) : NOBODY
    this.#keys.push(...spanKey(this.#payload, traceId.start, spanId.start), ...parent)
    this.#nanos.push(duration.toNumber())
    this.#flags.push(
      (kind >= 0 && kind <= SPAN_KIND_BITS ? kind : 0) |
        (hasParent ? SPAN_HAS_PARENT : 0) |
        (statusCode === STATUS_ERROR ? SPAN_FAILED : 0) |
        (isMeant ? SPAN_IS_MEANT : 0),
    )
    for (const [low, high] of links) {
      if (!hasParent || low !== parent[0] || high !== parent[1]) this.#links.push(span, low, high)
    }
  }

  result(): MapPart {
    const columns = {
      keys: Uint32Array.from(this.#keys),
      flags: Uint8Array.from(this.#flags),
      nanos: Float32Array.from(this.#nanos),
      links: Uint32Array.from(this.#links),
    }
    const beside = PART_BYTES + RUN_BYTES * this.#services.length
    const bytes = Object.values(columns).reduce((sum, { byteLength }) => sum + byteLength, beside)
    return { services: this.#services, spans: this.#flags.length, ...columns, bytes }
  }
}
const NOBODY: SpanKey = [0, 0]

/** Links with ids that are some: what a span points to. */
class Links {
  readonly #payload: Uint8Array
  readonly #trace = new Range()
  readonly #span = new Range()
  readonly parts: RecordParts = { link: (reader) => this.#read(reader) }
  found: SpanKey[] = []

  constructor(payload: Uint8Array) {
    this.#payload = payload
  }

  clear(): void {
    if (this.found.length > 0) this.found = []
  }

  #read(reader: ProtobufReader): void {
    const outer = reader.enter()
    this.#trace.clear()
    this.#span.clear()
    while (reader.hasMore) {
      const tag = reader.tag()
      if (tag === 0x0a) this.#trace.read(reader)
      else if (tag === 0x12) this.#span.read(reader)
      else reader.skip(tag & 7)
    }
    reader.leave(outer)
    const isWhole = this.#trace.length === TRACE_ID_BYTES && this.#span.length === SPAN_ID_BYTES
    if (isWhole && this.found.length < MAX_LINKS) {
      this.found.push(spanKey(this.#payload, this.#trace.start, this.#span.start))
    }
  }
}

function isZero(bytes: Uint8Array, { start, end }: Range): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false
  return true
}
