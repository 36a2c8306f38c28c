/**
 * Which spans of other traces link to a trace: the other way round than links are recorded (docs/spec/query.md LF1-LF4).
 * Bounded in what is opened, found and listed; what was not looked at is said, never guessed.
 */
import { MeshError } from '../base/errors.ts'
import type { Steps } from '../base/steps.ts'
import { idBytes, type TraceId } from '../model/ids.ts'
import { linkToken } from '../wire/index/token.ts'
import { eachRecord } from '../wire/otlp/each-record.ts'
import type { ProtobufReader } from '../wire/otlp/protobuf-reader.ts'
import { readSpanLinks, readSpanTraceId, SpanFields } from '../wire/otlp/span-fields.ts'
import { compareEvidence, compareText } from './compare-copies.ts'
import { deviceName } from './device-name.ts'
import { ReadBudget } from './read-budget.ts'
import type { SearchChunk, SearchSource } from './search/search-source.ts'
import { equalsAt } from './search/text-in-bytes.ts'
import { spanIdOf } from './span-table.ts'
import type { LinkedFrom } from './stitched-trace.ts'
import { traceClocks, type TraceClocks } from './trace-order.ts'
import type { MeshKnowledge, StoredChunk } from './trace-source.ts'

export type LinkSource = Pick<SearchSource, 'candidates'>

/** Most linking spans listed in one answer: more than a person looks at. */
export const MAX_LINKED_FROM = 100
/** Most bytes opened to find them: eight of the largest segments, some fifty ordinary ones. */
export const MAX_LINK_RAW_BYTES = 8 << 20
/** Links after which no more are looked for: each is an object in memory. */
export const MAX_FOUND_LINKS = 2000

export interface FoundLinks {
  /** By corrected start; ties by device, span and the span linked to, so that the order never depends on delivery. */
  readonly linkedFrom: readonly LinkedFrom[]
  /** Found and not listed. */
  readonly linkedFromOmitted: number
  /** Some chunk that may hold such a span was not looked at, or could not be read. */
  readonly linkedFromPartial: boolean
}

/**
 * Chunks stored at this moment that may hold a span with a link to the trace, the newest first: as many as the index
 * cannot rule out.
 */
export function linkingChunks(traceId: TraceId, source: LinkSource): Iterable<SearchChunk> {
  return source.candidates({
    lane: 'traces',
    groups: [[linkToken(idBytes(traceId))]],
    fromUnixNano: undefined,
    toUnixNano: undefined,
    traceId: undefined,
    minDurationNano: 0n,
    errorsOnly: false,
    modules: undefined,
    devices: undefined,
  }).chunks
}

export function* findLinks(
  traceId: TraceId,
  chunks: Iterable<SearchChunk>,
  knowledge: MeshKnowledge,
): Steps<FoundLinks> {
  const reading = new LinkReading(traceId, knowledge)
  const budget = new ReadBudget(MAX_LINK_RAW_BYTES)
  const wanted = idBytes(traceId)
  let linkedFromPartial = false
  for (const ref of chunks) {
    const isFull = reading.count >= MAX_FOUND_LINKS || !budget.take(ref)
    if (isFull) linkedFromPartial = true
    if (isFull) break
    // Most hold no link to the trace: what they prove is not worth finding out.
    const payload = ref.read()
    const chunk = payload && holds(payload, wanted) ? yield* ref.open(payload) : undefined
    if (chunk !== undefined && !reading.take(chunk)) linkedFromPartial = true
    if (payload !== undefined) ref.free?.(payload)
    yield
  }
  const all = reading.result()
  const linkedFrom = all.slice(0, MAX_LINKED_FROM)
  return { linkedFrom, linkedFromOmitted: all.length - linkedFrom.length, linkedFromPartial }
}

function holds(bytes: Uint8Array, wanted: Uint8Array): boolean {
  const first = wanted[0] as number
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (equalsAt(bytes, at, at + wanted.length, wanted)) return true
  }
  return false
}

interface Found {
  readonly link: LinkedFrom
  readonly correctedStart: bigint
}

class LinkReading {
  readonly #traceId: TraceId
  readonly #knowledge: MeshKnowledge
  readonly #clocks: TraceClocks
  readonly #fields = new SpanFields()
  /** By device, span and target: copies are one. */
  readonly #found = new Map<string, Found>()

  constructor(traceId: TraceId, knowledge: MeshKnowledge) {
    this.#traceId = traceId
    this.#knowledge = knowledge
    this.#clocks = traceClocks(knowledge)
  }

  get count(): number {
    return this.#found.size
  }

  result(): readonly LinkedFrom[] {
    return [...this.#found.values()].sort(compareFound).map(({ link }) => link)
  }

  /** @returns whether all of the chunk could be read */
  take(chunk: StoredChunk): boolean {
    try {
      eachRecord(chunk.payload, (reader) => this.#takeSpan(reader, chunk))
      return true
    } catch (err) {
      if (err instanceof MeshError) return false
      throw err
    }
  }

  #takeSpan(reader: ProtobufReader, chunk: StoredChunk): void {
    const { pos, end } = reader
    this.#fields.read(reader)
    if (this.#fields.links === 0) return
    reader.seek(pos, end)
    const targets = readSpanLinks(reader).filter((link) => link.traceId === this.#traceId)
    reader.seek(pos, end)
    const traceId = targets.length === 0 ? undefined : readSpanTraceId(reader)
    if (traceId === undefined || traceId === this.#traceId) return
    for (const { spanId } of targets) {
      if (this.#found.size < MAX_FOUND_LINKS) this.#add({ traceId, linksTo: spanId }, reader.bytes, chunk)
    }
  }

  #add(ids: Pick<LinkedFrom, 'traceId' | 'linksTo'>, bytes: Uint8Array, chunk: StoredChunk): void {
    const { spanHigh, spanLow, nameStart, nameEnd, startHigh, startLow } = this.#fields
    const { deviceId, module, provenance } = chunk
    const spanId = spanIdOf(spanHigh, spanLow)
    const key = `${deviceId} ${ids.traceId} ${spanId} ${ids.linksTo}`
    const known = this.#found.get(key)
    if (known !== undefined && compareEvidence(known.link.evidence, provenance) <= 0) return
    const name = decoder.decode(bytes.subarray(nameStart, nameEnd))
    const start = (BigInt(startHigh) << 32n) | BigInt(startLow)
    this.#found.set(key, {
      link: {
        linksTo: ids.linksTo,
        traceId: ids.traceId,
        spanId,
        name,
        deviceId,
        deviceName: deviceName(deviceId, this.#knowledge),
        module,
        evidence: provenance,
      },
      correctedStart: this.#clocks.corrected(deviceId, start),
    })
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function compareFound(a: Found, b: Found): number {
  if (a.correctedStart !== b.correctedStart) return a.correctedStart < b.correctedStart ? -1 : 1
  return (
    compareText(a.link.deviceId, b.link.deviceId) ||
    compareText(a.link.traceId, b.link.traceId) ||
    compareText(a.link.spanId, b.link.spanId) ||
    compareText(a.link.linksTo, b.link.linksTo)
  )
}
