/**
 * Calls between services, added up span by span: services as nodes, calls between different ones as edges. Spans come in
 * any order; a caller may come after what it called. Memory is bounded by how many spans are added.
 */
import type { Steps } from '../../base/steps.ts'
import { DurationHistogram } from './duration-histogram.ts'
import { SPAN_FAILED, SPAN_HAS_PARENT, SPAN_IS_MEANT, SPAN_KIND_BITS, type MapPart } from './map-part.ts'
import { PendingCalls, type Call } from './pending-calls.ts'
import type { ChunkOrigin } from './record-filter.ts'
import { SpanPlaces, type SpanKey } from './span-places.ts'

/** Most services on a map; what is of another one is not shown. */
export const MAX_NODES = 500
/** Most pairs of services; each weighs 5 KB while it is counted. */
export const MAX_EDGES = 2000

/** `call`: its parent; `message`: its parent over the bus; `link`: it is linked to it. */
export type EdgeVia = 'call' | 'message' | 'link'

export interface Node extends ChunkOrigin {
  readonly service: string | null
  spans: number
  errors: number
}
export interface Edge {
  /** Numbers of nodes. */
  readonly from: number
  readonly to: number
  readonly via: EdgeVia
  readonly durations: DurationHistogram
  errors: number
}

const KIND_PRODUCER = 4
const KIND_CONSUMER = 5
const KINDS = SPAN_KIND_BITS + 1
/** Calls looked at between two steps. */
const CALLS_PER_STEP = 4096
const FIRST_SETTLE_AT = 8192

export class ServiceCalls {
  readonly nodes: Node[] = []
  /** Spans of services, and calls between services, that found no room. */
  leftOut = 0
  /** Calls whose caller was not among all that were added; known once {@link settle} is done. */
  unknownCallers = 0
  /** Node and kind of every span. */
  readonly #places: SpanPlaces
  #pending = new PendingCalls()
  /** As many calls wait when it is worth looking which of their callers have come. */
  #settleAt = FIRST_SETTLE_AT
  readonly #nodes = new Map<string, number>()
  readonly #edges = new Map<number, Edge>()

  constructor(seed: SpanKey) {
    this.#places = new SpanPlaces(seed)
  }

  /** What it weighs: spans, and calls whose caller was not met yet. */
  get held(): number {
    return this.#places.count + this.#pending.count
  }

  edges(): readonly Edge[] {
    return [...this.#edges.values()]
  }

  *add(part: MapPart, origin: ChunkOrigin): Steps<void> {
    yield* this.#places.reserve(part.spans)
    const nodes = yield* this.#nodesOf(part, origin)
    const isNew = this.#addSpans(part, nodes)
    for (let span = 0; span < part.spans; span++)
      if (isNew[span] === 1) this.#addCall(part, span, nodes[span] as number)
    for (let i = 0; i < part.links.length; i += 3) {
      const span = part.links[i] as number
      if (isNew[span] === 1) this.#addLink(part, i, nodes[span] as number)
    }
    if (this.#pending.count < this.#settleAt) return
    yield* this.settle()
    this.#settleAt = Math.max(FIRST_SETTLE_AT, 2 * this.#pending.count)
  }

  /** Finds callers that came after what they called. To be called once all spans were added. */
  *settle(): Steps<void> {
    const waiting = new PendingCalls()
    this.unknownCallers = 0
    let i = 0
    for (const call of this.#pending.all()) {
      if (i++ % CALLS_PER_STEP === 0) yield
      if (this.#resolve(call)) continue
      waiting.add(call)
      // Links lead to other traces, and most of these lie elsewhere.
      if (!call.isLink) this.unknownCallers++
    }
    this.#pending = waiting
  }

  /** The node of each span. */
  *#nodesOf({ services, spans }: MapPart, origin: ChunkOrigin): Steps<Uint16Array> {
    const nodes = new Uint16Array(spans)
    for (const [i, { service, from }] of services.entries()) {
      if (i % CALLS_PER_STEP === CALLS_PER_STEP - 1) yield
      nodes.fill(this.#nodeOf(origin, service) ?? NO_NODE, from, services[i + 1]?.from ?? spans)
    }
    return nodes
  }

  /** @returns 1 for each that is meant, has a node, and is no copy of one that was added before */
  #addSpans({ spans, keys, flags }: MapPart, nodes: Uint16Array): Uint8Array {
    const isNew = new Uint8Array(spans)
    for (let span = 0; span < spans; span++) {
      const number = nodes[span] as number
      const node = this.nodes[number]
      const ofSpan = flags[span] as number
      if (node === undefined) {
        if ((ofSpan & SPAN_IS_MEANT) !== 0) this.leftOut++
        continue
      }
      const place = number * KINDS + (ofSpan & SPAN_KIND_BITS)
      const isFirst = this.#places.add(keys[4 * span] as number, keys[4 * span + 1] as number, place)
      if (!isFirst || (ofSpan & SPAN_IS_MEANT) === 0) continue
      isNew[span] = 1
      node.spans++
      if ((ofSpan & SPAN_FAILED) !== 0) node.errors++
    }
    return isNew
  }

  #addCall({ keys, flags, nanos }: MapPart, span: number, to: number): void {
    const ofSpan = flags[span] as number
    if ((ofSpan & SPAN_HAS_PARENT) === 0) return
    const [low, high] = [keys[4 * span + 2] as number, keys[4 * span + 3] as number]
    this.#resolveLater({ low, high, to, flags: ofSpan, nanos: nanos[span] as number, isLink: false })
  }

  #addLink({ links, flags, nanos }: MapPart, at: number, to: number): void {
    const [span, low, high] = [links[at] as number, links[at + 1] as number, links[at + 2] as number]
    this.#resolveLater({ low, high, to, flags: flags[span] as number, nanos: nanos[span] as number, isLink: true })
  }

  #resolveLater(call: Call): void {
    if (!this.#resolve(call)) this.#pending.add(call)
  }

  /** @returns whether the caller is known */
  #resolve({ low, high, to, flags, nanos, isLink }: Call): boolean {
    const place = this.#places.find(low, high)
    if (place === undefined) return false
    const from = Math.floor(place / KINDS)
    if (from === to) return true
    const isMessage = (flags & SPAN_KIND_BITS) === KIND_CONSUMER || place % KINDS === KIND_PRODUCER
    const edge = this.#edgeOf(from, to, isLink ? 'link' : isMessage ? 'message' : 'call')
    if (edge === undefined) {
      this.leftOut++
      return true
    }
    edge.durations.add(nanos)
    if ((flags & SPAN_FAILED) !== 0) edge.errors++
    return true
  }

  #nodeOf({ deviceId, module }: ChunkOrigin, service: string | null): number | undefined {
    const key = JSON.stringify([deviceId, module, service])
    const known = this.#nodes.get(key)
    if (known !== undefined || this.nodes.length >= MAX_NODES) return known
    this.#nodes.set(key, this.nodes.length)
    return this.nodes.push({ deviceId, module, service, spans: 0, errors: 0 }) - 1
  }

  #edgeOf(from: number, to: number, via: EdgeVia): Edge | undefined {
    const key = (from * MAX_NODES + to) * VIAS.length + VIAS.indexOf(via)
    const known = this.#edges.get(key)
    if (known !== undefined || this.#edges.size >= MAX_EDGES) return known
    const edge: Edge = { from, to, via, durations: new DurationHistogram(), errors: 0 }
    this.#edges.set(key, edge)
    return edge
  }
}
const NO_NODE = 65_535
const VIAS: readonly EdgeVia[] = ['call', 'message', 'link']
