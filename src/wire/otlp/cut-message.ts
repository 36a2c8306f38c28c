/**
 * Takes a message apart into small ones, with only the records that are meant: for files, which hold messages of any
 * size, and for exports, which hold some records of a stored chunk.
 *
 * Reads framing only, in one pass more than there are records, and keeps nothing in memory but the piece it writes.
 * Record bytes never change; the resource and scope around them are repeated in every piece, with schema URLs and unknown
 * fields. A resource that is kept whole and fits is copied as it is. Throws OtlpError where framing is broken.
 */
import { CHILD_TAG, FIRST_TAG, readRange, type ByteRange, type FieldRange } from './container.ts'
import { MAX_HEAD_BYTES } from './limits.ts'
import { malformed, tooLarge } from './otlp-error.ts'
import { ProtobufReader, WIRE_BYTES } from './protobuf-reader.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

export interface CutLimits {
  readonly maxRecords: number
  /** A piece is closed when its records have this many bytes; a larger record has a piece of its own. */
  readonly maxBytes: number
}

/** A whole resource field: pieces behind each other are a valid message. */
export interface Piece {
  readonly bytes: Uint8Array
  /** Spans, log records or metrics. */
  readonly records: number
}

/** Whether a record is meant, by its message without tag and length. */
export type KeepRecord = (record: Uint8Array) => boolean

/** Fields of the data message other than resources are left out: there are none in any version. */
export function* cutMessage(bytes: Uint8Array, limits: CutLimits, keep?: KeepRecord): Generator<Piece> {
  const reader = new ProtobufReader(bytes)
  while (reader.hasMore) {
    const start = reader.pos
    const tag = reader.tag()
    if (tag !== FIRST_TAG) {
      if (tag >>> 3 === 1) throw malformed('a resource has the wrong wire type')
      reader.skip(tag & 7)
      continue
    }
    yield* cutResource(bytes, readRange(reader, start), limits, keep)
  }
}

function* cutResource(
  bytes: Uint8Array,
  resource: FieldRange,
  limits: CutLimits,
  keep: KeepRecord | undefined,
): Generator<Piece> {
  const { kept, all } = countKept(bytes, resource, keep)
  if (kept === 0) return
  if (kept === all && kept <= limits.maxRecords && resource.end - resource.start <= limits.maxBytes) {
    yield { bytes: bytes.slice(resource.start, resource.end), records: kept }
    return
  }
  const piece = new PieceWriter(bytes, othersOf(bytes, resource))
  for (const scope of childrenOf(bytes, resource)) {
    const others = othersOf(bytes, scope)
    for (const record of childrenOf(bytes, scope)) {
      if (keep !== undefined && !keep(contentOf(bytes, record))) continue
      if (piece.isFull(limits, record)) yield piece.finish()
      piece.add(scope, others, record)
    }
  }
  if (piece.records > 0) yield piece.finish()
}

function countKept(bytes: Uint8Array, resource: FieldRange, keep: KeepRecord | undefined) {
  let [kept, all] = [0, 0]
  for (const scope of childrenOf(bytes, resource)) {
    for (const record of childrenOf(bytes, scope)) {
      all++
      if (keep === undefined || keep(contentOf(bytes, record))) kept++
    }
  }
  return { kept, all }
}

function contentOf(bytes: Uint8Array, { content, end }: FieldRange): Uint8Array {
  return bytes.subarray(content, end)
}

function* childrenOf(bytes: Uint8Array, { content, end }: FieldRange): Generator<FieldRange> {
  const reader = new ProtobufReader(bytes, content, end)
  while (reader.hasMore) {
    const start = reader.pos
    const tag = reader.tag()
    if (tag === CHILD_TAG) yield readRange(reader, start)
    else reader.skip(tag & 7)
  }
}

/** Every field but the children, neighbours joined. They are repeated in every piece, so they must be small. */
function othersOf(bytes: Uint8Array, { content, end }: FieldRange): readonly ByteRange[] {
  const reader = new ProtobufReader(bytes, content, end)
  const others: ByteRange[] = []
  let size = 0
  while (reader.hasMore) {
    const start = reader.pos
    const tag = reader.tag()
    if (tag >>> 3 <= 3 && (tag & 7) !== WIRE_BYTES) throw malformed('a resource or scope field has the wrong wire type')
    reader.skip(tag & 7)
    if (tag === CHILD_TAG) continue
    size += reader.pos - start
    if (size > MAX_HEAD_BYTES) throw tooLarge('bytes around the records of a resource or scope', MAX_HEAD_BYTES)
    const last = others.at(-1)
    if (last?.end === start) others[others.length - 1] = { start: last.start, end: reader.pos }
    else others.push({ start, end: reader.pos })
  }
  return others
}

/** One piece after the other: resource and scope are opened with the first record that needs them. */
class PieceWriter {
  readonly #bytes: Uint8Array
  readonly #resourceOthers: readonly ByteRange[]
  #writer = new ProtobufWriter()
  #resourceAt = 0
  #scope: { readonly field: FieldRange; readonly at: number } | undefined
  #recordBytes = 0
  records = 0

  constructor(bytes: Uint8Array, resourceOthers: readonly ByteRange[]) {
    this.#bytes = bytes
    this.#resourceOthers = resourceOthers
  }

  /** With this record it would pass a limit. */
  isFull({ maxRecords, maxBytes }: CutLimits, { start, end }: FieldRange): boolean {
    return this.records > 0 && (this.records === maxRecords || this.#recordBytes + end - start > maxBytes)
  }

  add(scope: FieldRange, others: readonly ByteRange[], record: FieldRange): void {
    if (this.records === 0) {
      this.#resourceAt = this.#writer.open(FIRST_TAG)
      this.#copy(this.#resourceOthers)
    }
    if (this.#scope?.field !== scope) {
      this.#closeScope()
      this.#scope = { field: scope, at: this.#writer.open(CHILD_TAG) }
      this.#copy(others)
    }
    this.#copy([record])
    this.#recordBytes += record.end - record.start
    this.records++
  }

  finish(): Piece {
    this.#closeScope()
    this.#writer.close(this.#resourceAt)
    const piece = { bytes: this.#writer.finish(), records: this.records }
    this.#writer = new ProtobufWriter()
    this.#recordBytes = 0
    this.records = 0
    return piece
  }

  #closeScope(): void {
    if (this.#scope !== undefined) this.#writer.close(this.#scope.at)
    this.#scope = undefined
  }

  #copy(ranges: readonly ByteRange[]): void {
    for (const { start, end } of ranges) this.#writer.raw(this.#bytes.subarray(start, end))
  }
}
