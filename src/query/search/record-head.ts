/**
 * The fields of a span or a log record that queries look at, as offsets and numbers: one object for all records of a
 * walk, filled again for each. What hangs on a record (attributes, events, links) is handed to whoever asked for it.
 */
import { SPAN_ID_BYTES, TRACE_ID_BYTES } from '../../model/ids.ts'
import { malformed } from '../../wire/otlp/otlp-error.ts'
import type { ProtobufReader } from '../../wire/otlp/protobuf-reader.ts'

/** Each is called behind its field's tag and reads the field's value, or passes over it. */
export interface RecordParts {
  attribute?(reader: ProtobufReader): void
  event?(reader: ProtobufReader): void
  link?(reader: ProtobufReader): void
}

/** A range of bytes; both ends 0 for none. */
export class Range {
  start = 0
  end = 0

  clear(): void {
    this.start = 0
    this.end = 0
  }

  /** The length-delimited field whose tag has just been read. */
  read(reader: ProtobufReader): void {
    const outer = reader.enter()
    this.start = reader.pos
    this.end = reader.end
    reader.leave(outer)
  }

  get length(): number {
    return this.end - this.start
  }
}

/** Nanoseconds since 1970 in two halves: comparing these is ten times faster than making a bigint. */
export class Nanos {
  high = 0
  low = 0

  clear(): void {
    this.high = 0
    this.low = 0
  }

  read(reader: ProtobufReader): void {
    this.low = reader.fixed32()
    this.high = reader.fixed32()
  }

  get isZero(): boolean {
    return this.high === 0 && this.low === 0
  }

  toBigInt(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low)
  }

  /** Exact up to 104 days after 1970 only: for differences, and where a microsecond does not matter. */
  toNumber(): number {
    return this.high * 2 ** 32 + this.low
  }

  isBefore(other: Nanos): boolean {
    return this.high < other.high || (this.high === other.high && this.low < other.low)
  }

  /** `later - earlier`, or 0 where that is none. */
  setDifference(later: Nanos, earlier: Nanos): void {
    if (later.isBefore(earlier)) {
      this.clear()
      return
    }
    const borrow = later.low < earlier.low ? 1 : 0
    this.low = (later.low - earlier.low) >>> 0
    this.high = later.high - earlier.high - borrow
  }

  static of(value: bigint): Nanos {
    const nanos = new Nanos()
    nanos.high = Number(BigInt.asUintN(32, value >> 32n))
    nanos.low = Number(BigInt.asUintN(32, value))
    return nanos
  }
}

export class SpanHead {
  /** All of it. */
  readonly record = new Range()
  readonly traceId = new Range()
  readonly spanId = new Range()
  /** Empty, or zeros: there is no parent. */
  readonly parentSpanId = new Range()
  readonly name = new Range()
  readonly start = new Nanos()
  readonly end = new Nanos()
  readonly duration = new Nanos()
  readonly statusMessage = new Range()
  kind = 0
  statusCode = 0

  read(reader: ProtobufReader, parts: RecordParts = {}): void {
    this.#clear()
    this.record.start = reader.pos
    this.record.end = reader.end
    while (reader.hasMore) {
      const tag = reader.tag()
      if (tag === 0x0a) this.traceId.read(reader)
      else if (tag === 0x12) this.spanId.read(reader)
      else if (tag === 0x22) this.parentSpanId.read(reader)
      else if (tag === 0x2a) this.name.read(reader)
      else if (tag === 0x30) this.kind = reader.int32()
      else if (tag === 0x39) this.start.read(reader)
      else if (tag === 0x41) this.end.read(reader)
      else if (tag === 0x4a && parts.attribute !== undefined) parts.attribute(reader)
      else if (tag === 0x5a && parts.event !== undefined) parts.event(reader)
      else if (tag === 0x6a && parts.link !== undefined) parts.link(reader)
      else if (tag === 0x7a) this.#readStatus(reader)
      else reader.skip(tag & 7)
    }
    if (this.traceId.length !== TRACE_ID_BYTES || this.spanId.length !== SPAN_ID_BYTES) {
      throw malformed('an id has a wrong length')
    }
    this.duration.setDifference(this.end, this.start)
  }

  #readStatus(reader: ProtobufReader): void {
    const outer = reader.enter()
    this.statusCode = 0
    this.statusMessage.clear()
    while (reader.hasMore) {
      const tag = reader.tag()
      if (tag === 0x12) this.statusMessage.read(reader)
      else if (tag === 0x18) this.statusCode = reader.int32()
      else reader.skip(tag & 7)
    }
    reader.leave(outer)
  }

  #clear(): void {
    this.traceId.clear()
    this.spanId.clear()
    this.parentSpanId.clear()
    this.name.clear()
    this.start.clear()
    this.end.clear()
    this.statusMessage.clear()
    this.kind = 0
    this.statusCode = 0
  }
}

export class LogHead {
  /** All of it. */
  readonly record = new Range()
  /** When it was recorded, else when it was observed. */
  readonly time = new Nanos()
  readonly body = new Range()
  readonly eventName = new Range()
  /** Of any length: one that is none, or zeros, means that the record is in no trace. */
  readonly traceId = new Range()
  /** Likewise. */
  readonly spanId = new Range()
  readonly #observed = new Nanos()
  severityNumber = 0

  read(reader: ProtobufReader, parts: RecordParts = {}): void {
    this.#clear()
    this.record.start = reader.pos
    this.record.end = reader.end
    while (reader.hasMore) {
      const tag = reader.tag()
      if (tag === 0x09) this.time.read(reader)
      else if (tag === 0x10) this.severityNumber = reader.int32()
      else if (tag === 0x2a) this.body.read(reader)
      else if (tag === 0x32 && parts.attribute !== undefined) parts.attribute(reader)
      else if (tag === 0x4a) this.traceId.read(reader)
      else if (tag === 0x52) this.spanId.read(reader)
      else if (tag === 0x59) this.#observed.read(reader)
      else if (tag === 0x62) this.eventName.read(reader)
      else reader.skip(tag & 7)
    }
    if (!this.time.isZero) return
    this.time.high = this.#observed.high
    this.time.low = this.#observed.low
  }

  #clear(): void {
    this.time.clear()
    this.body.clear()
    this.eventName.clear()
    this.traceId.clear()
    this.spanId.clear()
    this.#observed.clear()
    this.severityNumber = 0
  }
}
