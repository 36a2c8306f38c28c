/**
 * What the scan says of the records of one message, as columns: just enough to index each record, judge it and cut it out
 * again. Numbers only, since half a million records a second pass here; times are the halves of their 64 bits.
 */
import { toHex } from '../../base/bytes.ts'
import { SPAN_ID_BYTES, TRACE_ID_BYTES, type SpanId, type TraceId } from '../../model/ids.ts'
import type { Token } from '../index/token.ts'

/** Row numbers of a {@link Columns}. */
export type RowList = Uint32Array

/** Rows and tokens there is room for at first: an exporter's usual batch. */
const FIRST_ROWS = 512
const FIRST_TOKENS = 16_384

export class Columns {
  /** The message that was scanned: `start`, `end` and the `...At` columns are offsets into it. */
  bytes: Uint8Array
  count = 0
  /** Of the whole field of a record, its tag included. */
  start = new Uint32Array(FIRST_ROWS)
  end = new Uint32Array(FIRST_ROWS)
  /** What OTLP counts it as: its data points for a metric, else 1. */
  weight = new Uint32Array(FIRST_ROWS)
  /** Start of a span, time of a log record (else when it was observed), earliest point of a metric; 0 when not known. */
  fromLow = new Uint32Array(FIRST_ROWS)
  fromHigh = new Uint32Array(FIRST_ROWS)
  /** End of a span, latest point of a metric, the same as `from` for a log record. */
  toLow = new Uint32Array(FIRST_ROWS)
  toHigh = new Uint32Array(FIRST_ROWS)
  /** Status code of a span, severity number of a log record. */
  level = new Int32Array(FIRST_ROWS)
  /** Of a span's ids, 0 where there is none. */
  traceAt = new Uint32Array(FIRST_ROWS)
  spanAt = new Uint32Array(FIRST_ROWS)
  parentAt = new Uint32Array(FIRST_ROWS)
  /** Of a span's name. */
  nameAt = new Uint32Array(FIRST_ROWS)
  nameEnd = new Uint32Array(FIRST_ROWS)
  /** Where a row's tokens end; they begin where those of the row before end. */
  tokensEnd = new Uint32Array(FIRST_ROWS)
  tokens = new Uint32Array(FIRST_TOKENS)
  tokenCount = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** Forgets everything but the memory, for another message. */
  reuse(bytes: Uint8Array): void {
    this.bytes = bytes
    this.count = 0
    this.tokenCount = 0
    // What a record does not have is left as it was: these are read of every row.
    for (const column of [this.level, this.traceAt, this.spanAt, this.parentAt, this.nameAt, this.nameEnd])
      column.fill(0)
  }

  /** Makes room for a row at `count`; it is only there once `count` says so. */
  reserve(): void {
    if (this.count < this.start.length) return
    this.start = doubled(this.start)
    this.end = doubled(this.end)
    this.weight = doubled(this.weight)
    this.fromLow = doubled(this.fromLow)
    this.fromHigh = doubled(this.fromHigh)
    this.toLow = doubled(this.toLow)
    this.toHigh = doubled(this.toHigh)
    this.traceAt = doubled(this.traceAt)
    this.spanAt = doubled(this.spanAt)
    this.parentAt = doubled(this.parentAt)
    this.nameAt = doubled(this.nameAt)
    this.nameEnd = doubled(this.nameEnd)
    this.tokensEnd = doubled(this.tokensEnd)
    const level = new Int32Array(this.level.length * 2)
    level.set(this.level)
    this.level = level
  }

  addToken(token: Token): void {
    if (this.tokenCount === this.tokens.length) this.tokens = doubled(this.tokens)
    this.tokens[this.tokenCount++] = token
  }

  tokensStart(row: number): number {
    return row === 0 ? 0 : (this.tokensEnd[row - 1] as number)
  }

  /** Nanoseconds since 1970. */
  from(row: number): bigint {
    return toNano(this.fromHigh[row] as number, this.fromLow[row] as number)
  }

  to(row: number): bigint {
    return toNano(this.toHigh[row] as number, this.toLow[row] as number)
  }

  traceId(row: number): TraceId | undefined {
    return this.#id(this.traceAt[row] as number, TRACE_ID_BYTES) as TraceId | undefined
  }

  spanId(row: number): SpanId | undefined {
    return this.#id(this.spanAt[row] as number, SPAN_ID_BYTES) as SpanId | undefined
  }

  parentSpanId(row: number): SpanId | undefined {
    return this.#id(this.parentAt[row] as number, SPAN_ID_BYTES) as SpanId | undefined
  }

  name(row: number): string {
    return new TextDecoder().decode(this.bytes.subarray(this.nameAt[row], this.nameEnd[row]))
  }

  #id(at: number, length: number): string | undefined {
    return at === 0 ? undefined : toHex(this.bytes.subarray(at, at + length))
  }
}

/** Numbers from `first` up to `end`. */
export function rowsBetween(first: number, end: number): RowList {
  const rows = new Uint32Array(end - first)
  for (let i = 0; i < rows.length; i++) rows[i] = first + i
  return rows
}

function toNano(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low)
}

function doubled(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(column.length * 2)
  larger.set(column)
  return larger
}
