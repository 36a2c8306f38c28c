/**
 * Where each of many spans belongs, found by its ids: a number of 64 bits and a place for each, in tables of numbers,
 * because a million objects would weigh ten times as much. Ids are mixed down to these numbers: two spans may be taken for
 * one, by chance hardly ever.
 */
import type { Steps } from '../../base/steps.ts'

/** Slots at first: a power of two. */
const FIRST_SLOTS = 4096
/** Slots moved between two steps when the tables grow. */
const SLOTS_PER_STEP = 16_384

/** What is left of a trace id and a span id, in two halves. */
export type SpanKey = readonly [low: number, high: number]

/** Of the 16 bytes of a trace id and the 8 of a span id at these places. */
export function spanKey(bytes: Uint8Array, traceAt: number, spanAt: number): SpanKey {
  // Of one trace all spans keep apart; those of others are strewn, for some programs count their ids from 1.
  const [a, b] = [wordAt(bytes, traceAt), wordAt(bytes, traceAt + 4)]
  const [c, d] = [wordAt(bytes, traceAt + 8), wordAt(bytes, traceAt + 12)]
  return [
    (wordAt(bytes, spanAt) ^ mixed(mixed(a, b), mixed(c, d))) >>> 0,
    (wordAt(bytes, spanAt + 4) ^ mixed(mixed(d, c), mixed(b, a))) >>> 0,
  ]
}

/** Open addressing, at most half full. */
export class SpanPlaces {
  #low = new Uint32Array(FIRST_SLOTS)
  #high = new Uint32Array(FIRST_SLOTS)
  /** One more than the place, which is below 65,535; 0 for an empty slot. */
  #place = new Uint16Array(FIRST_SLOTS)
  readonly #seed: SpanKey
  #count = 0

  /** @param seed that nobody can guess who chooses ids: else they could all be made to share a slot */
  constructor(seed: SpanKey) {
    this.#seed = seed
  }

  get count(): number {
    return this.#count
  }

  /** To be called before so many more are added. */
  *reserve(more: number): Steps<void> {
    let slots = this.#place.length
    while ((this.#count + more) * 2 > slots) slots *= 2
    if (slots > this.#place.length) yield* this.#grow(slots)
  }

  /** @returns false if the span is known already: it keeps the place it has */
  add(low: number, high: number, place: number): boolean {
    const slot = this.#slotOf(low, high)
    if (this.#place[slot] !== 0) return false
    this.#put(slot, low, high, place + 1)
    this.#count++
    return true
  }

  find(low: number, high: number): number | undefined {
    const place = this.#place[this.#slotOf(low, high)] as number
    return place === 0 ? undefined : place - 1
  }

  #slotOf(low: number, high: number): number {
    const mask = this.#place.length - 1
    let slot = mixed(low ^ this.#seed[0], high ^ this.#seed[1]) & mask
    for (; this.#place[slot] !== 0; slot = (slot + 1) & mask) {
      if (this.#low[slot] === low && this.#high[slot] === high) break
    }
    return slot
  }

  #put(slot: number, low: number, high: number, placeAndOne: number): void {
    this.#low[slot] = low
    this.#high[slot] = high
    this.#place[slot] = placeAndOne
  }

  *#grow(slots: number): Steps<void> {
    const [low, high, place] = [this.#low, this.#high, this.#place]
    this.#low = new Uint32Array(slots)
    this.#high = new Uint32Array(slots)
    this.#place = new Uint16Array(slots)
    for (let i = 0; i < place.length; i++) {
      if (i % SLOTS_PER_STEP === 0) yield
      const [spanLow, spanHigh, placeAndOne] = [low[i] as number, high[i] as number, place[i] as number]
      if (placeAndOne !== 0) this.#put(this.#slotOf(spanLow, spanHigh), spanLow, spanHigh, placeAndOne)
    }
  }
}

function mixed(low: number, high: number): number {
  let hash = Math.imul(low, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 15) ^ high, 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 13), 0x27d4eb2f)
  return hash ^ (hash >>> 16)
}

/** Four bytes, the lowest first. */
export function wordAt(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = [bytes[at] as number, bytes[at + 1] as number, bytes[at + 2] as number, bytes[at + 3] as number]
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0
}
