/**
 * Metrics of which something cannot be kept -> the same message without just that. A bad point is left out alone and
 * counted; a metric larger than a record may be is taken apart between its points. What is around the points is repeated in
 * every piece; the bytes of points, and of metrics that are whole, never change.
 *
 * The message must have been scanned: its framing down to the metrics holds. What goes out passes the scan's limits.
 */
import { checkMessage } from './check-message.ts'
import { arePointsSound, checkPoint, POINT_TAG } from './check-point.ts'
import { CHILD_TAG, FIRST_TAG, readContainer, readRange } from './container.ts'
import type { ByteRange, Container, FieldRange } from './container.ts'
import { MAX_OTLP_BYTES, MAX_RECORD_BYTES, MAX_RECORDS, MAX_SCOPES } from './limits.ts'
import { readOutline, type MetricOutline } from './metric-outline.ts'
import { OtlpError, tooLarge } from './otlp-error.ts'
import { ProtobufReader } from './protobuf-reader.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
import { RejectedTally } from './rejected-tally.ts'
import type { RejectedRecords } from './rows.ts'
import { readResources } from './scan.ts'
import { checkMetric, countRecords, readTime } from './scan-metric.ts'

export interface MendedMetrics {
  readonly bytes: Uint8Array
  /** What was left out. */
  readonly rejected: RejectedRecords | undefined
}

/** A piece is closed when its points have this many bytes: with usual heads around it, it fits a chunk of the door. */
const MAX_PIECE_BYTES = 240 << 10
/** Tags and lengths of a further piece, at most. */
const PIECE_FRAME_BYTES = 12

export function mendMetrics(bytes: Uint8Array): MendedMetrics {
  return new Mending(bytes).run()
}

class Mending {
  readonly #bytes: Uint8Array
  readonly #reader: ProtobufReader
  readonly #writer = new ProtobufWriter()
  readonly #rejected = new RejectedTally()
  /** How much further pieces may add to what came in. */
  #bytesLeft: number
  #recordsLeft = MAX_RECORDS

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#reader = new ProtobufReader(bytes)
    this.#bytesLeft = MAX_OTLP_BYTES - bytes.length
  }

  run(): MendedMetrics {
    const reader = this.#reader
    const resources = readResources(reader).map((field) => {
      const resource = readContainer(reader, field, MAX_SCOPES)
      return { resource, scopes: resource.children.map((child) => readContainer(reader, child, MAX_RECORDS)) }
    })
    for (const { scopes } of resources) for (const { children } of scopes) this.#recordsLeft -= children.length
    for (const { resource, scopes } of resources) {
      this.#nest(FIRST_TAG, resource, () => {
        for (const scope of scopes) this.#nest(CHILD_TAG, scope, () => scope.children.forEach((m) => this.#metric(m)))
      })
    }
    return { bytes: this.#writer.finish(), rejected: this.#rejected.result() }
  }

  #nest(tag: number, { others }: Container, writeChildren: () => void): void {
    const at = this.#writer.open(tag)
    this.#copy(others)
    writeChildren()
    this.#writer.close(at)
  }

  #metric(field: FieldRange): void {
    if (this.#isWhole(field)) return this.#copy([field])
    const outline = this.#judged(() => readOutline(this.#reader, field))
    if (outline instanceof OtlpError) this.#rejected.add(outline, countRecords('metrics', this.#reader, field))
    else this.#points(outline)
  }

  #isWhole({ start, content, end }: FieldRange): boolean {
    if (end - start > MAX_RECORD_BYTES) return false
    this.#reader.seek(content, end)
    if (this.#judged(() => checkMetric(this.#reader)) instanceof OtlpError) return false
    this.#reader.seek(content, end)
    return arePointsSound(this.#reader)
  }

  #points(outline: MetricOutline): void {
    const pieces = new PieceWriter(this.#bytes, this.#writer, outline)
    const { content, end } = outline.data
    for (let at = content; at < end;) {
      this.#reader.seek(at, end)
      const tag = this.#reader.tag()
      if (tag === POINT_TAG) {
        const point = readRange(this.#reader, at)
        at = point.end
        const refused = this.#judged(() => this.#point(point, outline, pieces))
        if (refused instanceof OtlpError) this.#rejected.add(refused, 1)
      } else {
        this.#reader.skip(tag & 7)
        at = this.#reader.pos
      }
    }
    pieces.close()
  }

  /** @throws {OtlpError} if it cannot be kept */
  #point(point: FieldRange, outline: MetricOutline, pieces: PieceWriter): void {
    const bytes = point.end - point.start
    const elements = this.#elementsOf(point, outline)
    if (outline.headBytes + bytes + PIECE_FRAME_BYTES > MAX_RECORD_BYTES) {
      throw tooLarge('bytes in a record', MAX_RECORD_BYTES)
    }
    if (pieces.count > 0 && !pieces.hasRoomFor(bytes, elements)) this.#spendPiece(outline, pieces)
    pieces.add(point, elements)
  }

  /** Checks a point. @returns how many elements of a record it takes @throws {OtlpError} */
  #elementsOf({ content, end }: FieldRange, { point, dataTag, elements }: MetricOutline): number {
    const budget = { elements: elements - 1 }
    this.#reader.seek(content, end)
    checkMessage(this.#reader, point, budget, (tag) => {
      if (tag !== 0x19) return false
      readTime(this.#reader)
      return true
    })
    this.#reader.seek(content, end)
    checkPoint(this.#reader, dataTag)
    return elements - budget.elements
  }

  #spendPiece({ headBytes }: MetricOutline, pieces: PieceWriter): void {
    const bytes = headBytes + PIECE_FRAME_BYTES
    if (this.#recordsLeft < 1) throw tooLarge('children in one message', MAX_RECORDS)
    if (this.#bytesLeft < bytes) throw tooLarge('bytes in a message', MAX_OTLP_BYTES)
    this.#recordsLeft--
    this.#bytesLeft -= bytes
    pieces.close()
  }

  /** What `judge` gives, or why it refuses. */
  #judged<T>(judge: () => T): T | OtlpError {
    try {
      return judge()
    } catch (err) {
      if (!(err instanceof OtlpError)) throw err
      return err
    }
  }

  #copy(ranges: readonly ByteRange[]): void {
    copyRanges(this.#writer, this.#bytes, ranges)
  }
}

/** One metric of some points after the other, each opened with the first point that needs it. */
class PieceWriter {
  readonly #bytes: Uint8Array
  readonly #writer: ProtobufWriter
  readonly #outline: MetricOutline
  #metricAt = 0
  #dataAt = 0
  #isOpen = false
  #pieceBytes = 0
  #pieceElements = 0
  /** Points so far, in all pieces. */
  count = 0

  constructor(bytes: Uint8Array, writer: ProtobufWriter, outline: MetricOutline) {
    this.#bytes = bytes
    this.#writer = writer
    this.#outline = outline
  }

  hasRoomFor(bytes: number, elements: number): boolean {
    return this.#pieceBytes + bytes <= MAX_PIECE_BYTES && this.#pieceElements + elements <= this.#outline.elements
  }

  add(point: FieldRange, elements: number): void {
    if (!this.#isOpen) this.#open()
    copyRanges(this.#writer, this.#bytes, [point])
    this.#pieceBytes += point.end - point.start
    this.#pieceElements += elements
    this.count++
  }

  close(): void {
    if (!this.#isOpen) return
    copyRanges(this.#writer, this.#bytes, this.#outline.dataOthers)
    this.#writer.close(this.#dataAt)
    this.#writer.close(this.#metricAt)
    this.#isOpen = false
  }

  #open(): void {
    this.#metricAt = this.#writer.open(CHILD_TAG)
    copyRanges(this.#writer, this.#bytes, this.#outline.others)
    this.#dataAt = this.#writer.open(this.#outline.dataTag)
    this.#isOpen = true
    this.#pieceBytes = 0
    this.#pieceElements = 0
  }
}

function copyRanges(writer: ProtobufWriter, bytes: Uint8Array, ranges: readonly ByteRange[]): void {
  for (const { start, end } of ranges) writer.raw(bytes.subarray(start, end))
}
