/**
 * The time series of an instrument: one for each set of attributes. A series is found by how its attributes were spelled, one
 * after the other, so that a call that is made again and again neither sorts nor copies them, and allocates nothing. Bounded:
 * what is beyond shares one series, as OpenTelemetry says (metrics SDK, cardinality limits).
 */
import type { Attributes } from '@opentelemetry/api'
import type { Attributes as AttributeList } from '../../wire/otlp/attributes.ts'
import { RecordBudget } from '../attribute-value.ts'
import { BoundedAttributes } from '../bounded-attributes.ts'

/** Most series of one instrument: OpenTelemetry's default. */
export const MAX_SERIES = 2_000
/** Most text in the attributes of one series, in characters. */
export const MAX_SERIES_CHARS = 4_096
/** Most text in the attributes of all series of a module, in characters: a few megabytes. */
export const MAX_ROOM_CHARS = 4_194_304
/** Orders in which attributes are written, remembered of one instrument. */
const MAX_SPELLINGS = 4 * MAX_SERIES
/** What takes more is not remembered, in characters. */
const MAX_SPELLING_CHARS = 1_024
/** What is kept of a series besides its text, and of each attribute of a spelling, in characters. */
const SERIES_CHARS = 64

/** What all series of a module may still take. */
export interface SeriesRoom {
  chars: number
}

export interface Series<T> {
  readonly attributes: AttributeList
  readonly point: T
}

/** Where the attributes so far have led: to a point if they are all, and by the next one's key and value further on. */
interface Spelling<T> {
  point?: T
  next?: Map<string, Map<unknown, Spelling<T>>>
}

const OVERFLOW: AttributeList = [{ key: 'otel.metric.overflow', value: true }]

export class SeriesTable<T> {
  readonly #room: SeriesRoom
  readonly #newPoint: () => T
  readonly #series = new Map<string, Series<T>>()
  #spelled: Spelling<T> = {}
  #spellings = 0
  #taken = 0
  #overflow: Series<T> | undefined

  constructor(room: SeriesRoom, newPoint: () => T) {
    this.#room = room
    this.#newPoint = newPoint
  }

  /** The point of a set of attributes. @throws what a getter among them throws */
  at(attributes: Attributes): T {
    return this.#known(attributes) ?? this.#find(attributes)
  }

  all(): readonly Series<T>[] {
    const all = [...this.#series.values()]
    return this.#overflow === undefined ? all : [...all, this.#overflow]
  }

  clear(): void {
    this.#series.clear()
    this.#spelled = {}
    this.#spellings = 0
    this.#overflow = undefined
    this.#room.chars += this.#taken
    this.#taken = 0
  }

  #known(attributes: Attributes): T | undefined {
    let at: Spelling<T> | undefined = this.#spelled
    for (const key in attributes) {
      if (!Object.hasOwn(attributes, key)) return undefined
      at = at.next?.get(key)?.get(attributes[key])
      if (at === undefined) return undefined
    }
    return at.point
  }

  #find(attributes: Attributes): T {
    const chars = charsOf(attributes)
    const { point } = this.#seriesOf(attributes)
    const isShort = chars !== undefined && chars <= MAX_SPELLING_CHARS
    if (isShort && this.#spellings < MAX_SPELLINGS && this.#take(chars)) this.#remember(attributes, point)
    return point
  }

  #remember(attributes: Attributes, point: T): void {
    let at = this.#spelled
    for (const key in attributes) {
      at.next ??= new Map()
      const values = getOrMake(at.next, key, () => new Map<unknown, Spelling<T>>())
      at = getOrMake(values, attributes[key], () => ({}))
    }
    at.point = point
    this.#spellings++
  }

  #seriesOf(attributes: Attributes): Series<T> {
    const list = new BoundedAttributes(new RecordBudget(MAX_SERIES_CHARS), attributes).list()
    const sorted = list.toSorted((a, b) => (a.key < b.key ? -1 : 1))
    const identity = JSON.stringify(sorted, bigintAsText)
    const known = this.#series.get(identity)
    if (known !== undefined) return known
    if (this.#series.size >= MAX_SERIES || !this.#take(identity.length + SERIES_CHARS)) {
      return (this.#overflow ??= { attributes: OVERFLOW, point: this.#newPoint() })
    }
    const series = { attributes: sorted, point: this.#newPoint() }
    this.#series.set(identity, series)
    return series
  }

  /** @returns false if there is no room */
  #take(chars: number): boolean {
    if (chars > this.#room.chars) return false
    this.#room.chars -= chars
    this.#taken += chars
    return true
  }
}

/** What a spelling takes, all of it read; undefined for one with more to it than texts, numbers and flags, which are told apart by value. */
function charsOf(attributes: Attributes): number | undefined {
  let chars = 0
  for (const key in attributes) {
    const value = attributes[key]
    const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    if (!isPlain || !Object.hasOwn(attributes, key)) return undefined
    chars += SERIES_CHARS + key.length + (typeof value === 'string' ? value.length : 0)
  }
  return chars
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? { bigint: value.toString() } : value
}
