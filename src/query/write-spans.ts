/**
 * The rows of a stitched trace as JSON (docs/spec/query.md QU1, QU5), in steps. A row is made of what was found about its
 * span and of what its own bytes say, and written straight to where it is sent from: 50,000 rows as objects would take
 * longer to make, to turn into text and to collect again than all the rest.
 */
import { utf8 } from '../base/bytes.ts'
import { MeshError } from '../base/errors.ts'
import type { Steps } from '../base/steps.ts'
import { ProtobufReader } from '../wire/otlp/protobuf-reader.ts'
import { readSpanAttributes, readSpanLinks, SpanFields } from '../wire/otlp/span-fields.ts'
import { attributesToJson } from './attributes-to-json.ts'
import type { CollectedSpans } from './collect-spans.ts'
import { correctedStartAt, correctedWords } from './corrected-times.ts'
import type { CriticalPath } from './critical-path.ts'
import type { JsonBytes } from './json-bytes.ts'
import { SPAN_KIND_WORDS, SPAN_STATUS_WORDS, spanKindWord, spanStatusWord } from './otel-words.ts'
import type { SpanTree } from './span-tree.ts'
import type { KeptChunk } from './span-table.ts'

/** Spans written between two yields; fewer with their attributes, which take longer than all the rest of a row. */
const ROWS_PER_STEP = 256
const ROWS_WITH_ATTRIBUTES_PER_STEP = 64

/** What was found out about each span, by its number. */
export interface SpanFindings {
  readonly spans: CollectedSpans
  readonly tree: SpanTree
  readonly selfNanos: Float64Array
  readonly path: CriticalPath
  /** Whether the clocks leave open which of a span and its parent, on another device, started first. */
  isOrderUncertain(span: number, parent: number): boolean
}

/** @returns the number of chunks that hold a span whose links or attributes could not be read */
export function* writeSpans(json: JsonBytes, findings: SpanFindings, withAttributes: boolean): Steps<number> {
  const writer = new SpanWriter(json, findings, withAttributes)
  const rowsPerStep = withAttributes ? ROWS_WITH_ATTRIBUTES_PER_STEP : ROWS_PER_STEP
  for (const [row, span] of findings.tree.rows.entries()) {
    if (row % rowsPerStep === 0) yield
    if (row > 0) json.raw(COMMA)
    writer.write(span)
  }
  return writer.unreadableChunks.size
}

const COMMA = utf8(',')

class SpanWriter {
  /** Numbers of chunks that hold a span whose links or attributes could not be read. */
  readonly unreadableChunks = new Set<number>()
  readonly #json: JsonBytes
  readonly #findings: SpanFindings
  readonly #withAttributes: boolean
  readonly #chunks: readonly OpenChunk[]
  readonly #fields = new SpanFields()

  constructor(json: JsonBytes, findings: SpanFindings, withAttributes: boolean) {
    this.#json = json
    this.#findings = findings
    this.#withAttributes = withAttributes
    this.#chunks = findings.spans.chunks.map(openChunk)
  }

  write(span: number): void {
    const number = this.#findings.spans.columns.chunk[span] as number
    const chunk = this.#chunks[number] as OpenChunk
    this.#fields.read(this.#seek(span, chunk))
    this.#writeRecorded(span, chunk)
    this.#writeFound(span)
    if (this.#fields.links === 0) this.#json.raw(phrases.noLinks)
    else this.#json.raw(phrases.links).value(this.#read(span, number, readSpanLinks, []))
    if (this.#withAttributes) {
      const attributes = this.#read(span, number, readSpanAttributes, [])
      this.#json.raw(phrases.attributes).value(attributesToJson(attributes))
    }
    this.#json.raw(phrases.close)
  }

  #seek(span: number, { reader }: OpenChunk): ProtobufReader {
    const { recordStart, recordEnd } = this.#findings.spans.columns
    reader.seek(recordStart[span] as number, recordEnd[span] as number)
    return reader
  }

  #writeRecorded(span: number, { reader: { bytes }, origin, proofs }: OpenChunk): void {
    const json = this.#json
    const fields = this.#fields
    const proof = this.#findings.spans.isConflict[span] === 1 ? proofs.conflict : proofs.alone
    json.raw(phrases.spanId).hex64(fields.spanHigh, fields.spanLow)
    if (fields.parentHigh === 0 && fields.parentLow === 0) json.raw(phrases.noParent)
    else json.raw(phrases.parent).hex64(fields.parentHigh, fields.parentLow).raw(phrases.quote)
    json.raw(origin).text(bytes, fields.nameStart, fields.nameEnd)
    json.raw(phrases.kind[spanKindWord(fields.kind)]).decimal64(fields.startHigh, fields.startLow)
    json.raw(phrases.end).decimal64(fields.endHigh, fields.endLow)
    json.raw(phrases.status[spanStatusWord(fields.statusCode)])
    json.raw(proof).text(bytes, fields.messageStart, fields.messageEnd)
    this.#writeDuration()
  }

  /** As recorded, not below 0. */
  #writeDuration(): void {
    const { startHigh, startLow, endHigh, endLow } = this.#fields
    const borrow = endLow < startLow ? 1 : 0
    const high = endHigh - startHigh - borrow
    this.#json.raw(phrases.duration)
    if (high < 0) this.#json.integer(0)
    else this.#json.decimal64(high, (endLow - startLow) >>> 0)
  }

  #writeFound(span: number): void {
    const { spans, tree, selfNanos, path } = this.#findings
    const json = this.#json.raw(phrases.correctedStart)
    const words = correctedWords(spans.corrected, span)
    if (words === undefined) json.raw(utf8(String(correctedStartAt(spans.corrected, span))))
    else json.decimal64(words[0], words[1])
    json.raw(phrases.depth).integer(tree.depth[span] as number)
    const parent = tree.parent[span] as number
    const isUncertain = parent >= 0 && this.#findings.isOrderUncertain(span, parent)
    json.raw(isUncertain ? phrases.uncertain : phrases.certain)
    json.raw(tree.isLoop[span] === 1 ? phrases.loop : phrases.noLoop).integer(selfNanos[span] as number)
    if (path.isCritical[span] === 1)
      json
        .raw(phrases.critical)
        .integer(path.nanos[span] as number)
        .raw(phrases.quote)
    else json.raw(phrases.notCritical)
    json.raw(phrases.events).integer(this.#fields.events)
  }

  /** The span keeps what can be read of it; its chunk is counted. */
  #read<T>(span: number, chunk: number, read: (reader: ProtobufReader) => T, otherwise: T): T {
    try {
      return read(this.#seek(span, this.#chunks[chunk] as OpenChunk))
    } catch (err) {
      if (!(err instanceof MeshError)) throw err
      this.unreadableChunks.add(chunk)
      return otherwise
    }
  }
}

interface OpenChunk {
  readonly reader: ProtobufReader
  /** What all of its spans have in common. */
  readonly origin: Uint8Array
  readonly proofs: { readonly alone: Uint8Array; readonly conflict: Uint8Array }
}

function openChunk({ deviceId, module, evidence, records }: KeptChunk): OpenChunk {
  const proof = (provenance: string): Uint8Array =>
    utf8(`,"provenance":"${provenance}","evidence":"${evidence}","statusMessage":"`)
  return {
    reader: new ProtobufReader(records),
    origin: utf8(`,"deviceId":${JSON.stringify(deviceId)},"module":${JSON.stringify(module)},"name":"`),
    proofs: { alone: proof(evidence), conflict: proof('conflict') },
  }
}

/** What stands between the values of a row. */
const phrases = {
  spanId: utf8('{"spanId":"'),
  noParent: utf8('","parentSpanId":null'),
  parent: utf8('","parentSpanId":"'),
  quote: utf8('"'),
  kind: eachWord(SPAN_KIND_WORDS, (word) => `","kind":"${word}","startUnixNano":"`),
  end: utf8('","endUnixNano":"'),
  status: eachWord(SPAN_STATUS_WORDS, (word) => `","status":"${word}"`),
  duration: utf8('","durationNano":"'),
  correctedStart: utf8('","correctedStartUnixNano":"'),
  depth: utf8('","depth":'),
  uncertain: utf8(',"orderUncertain":true'),
  certain: utf8(',"orderUncertain":false'),
  loop: utf8(',"loop":true,"selfNano":"'),
  noLoop: utf8(',"loop":false,"selfNano":"'),
  critical: utf8('","critical":true,"criticalNano":"'),
  notCritical: utf8('","critical":false'),
  events: utf8(',"events":'),
  links: utf8(',"links":'),
  noLinks: utf8(',"links":[]'),
  attributes: utf8(',"attributes":'),
  close: utf8('}'),
}

function eachWord<Word extends string>(words: readonly Word[], phrase: (word: Word) => string) {
  return Object.fromEntries(words.map((word) => [word, utf8(phrase(word))])) as Readonly<Record<Word, Uint8Array>>
}
