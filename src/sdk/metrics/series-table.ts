/**
 * The time series of an instrument: one for each set of attributes. A series is found by how its attributes were spelled, so
 * that a call that is made again and again neither sorts nor copies them. Bounded: what is beyond shares one series, as
 * OpenTelemetry says (metrics SDK, cardinality limits).
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
/** Orders and forms in which attributes are written, remembered of one instrument. */
const MAX_SPELLINGS = 4 * MAX_SERIES
/** A longer spelling is not remembered, in characters. */
const MAX_SPELLING_CHARS = 512
/** What is kept of a series besides its text, in characters. */
const SERIES_CHARS = 64

/** What all series of a module may still take. */
export interface SeriesRoom {
  chars: number
}

export interface Series<T> {
  readonly attributes: AttributeList
  readonly point: T
}

const OVERFLOW: AttributeList = [{ key: 'otel.metric.overflow', value: true }]

export class SeriesTable<T> {
  readonly #room: SeriesRoom
  readonly #newPoint: () => T
  readonly #series = new Map<string, Series<T>>()
  readonly #bySpelling = new Map<string, T>()
  /** Of no attributes: most instruments have no other. */
  #plain: T | undefined
  #taken = 0
  #overflow: Series<T> | undefined

  constructor(room: SeriesRoom, newPoint: () => T) {
    this.#room = room
    this.#newPoint = newPoint
  }

  /** The point of a set of attributes. @throws what a getter among them throws */
  at(attributes: Attributes | undefined): T {
    if (attributes === undefined) return (this.#plain ??= this.#find({}, ''))
    const spelling = spellingOf(attributes)
    const known = spelling === undefined ? undefined : this.#bySpelling.get(spelling)
    return known ?? this.#find(attributes, spelling)
  }

  all(): readonly Series<T>[] {
    const all = [...this.#series.values()]
    return this.#overflow === undefined ? all : [...all, this.#overflow]
  }

  clear(): void {
    this.#series.clear()
    this.#bySpelling.clear()
    this.#plain = undefined
    this.#overflow = undefined
    this.#room.chars += this.#taken
    this.#taken = 0
  }

  #find(attributes: Attributes, spelling: string | undefined): T {
    const { point } = this.#seriesOf(attributes)
    const isShort = spelling !== undefined && spelling.length <= MAX_SPELLING_CHARS
    if (isShort && this.#bySpelling.size < MAX_SPELLINGS && this.#take(spelling.length)) {
      this.#bySpelling.set(spelling, point)
    }
    return point
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

/** Says the same only for the same attributes: lengths tell where one ends. Undefined for what has more to it than a text. */
function spellingOf(attributes: Attributes): string | undefined {
  let spelling = ''
  for (const key in attributes) {
    const value = attributes[key]
    if (typeof value === 'string') spelling += `${key.length}:${key}${value.length}:${value}`
    else if (typeof value === 'number' || typeof value === 'boolean') spelling += `${key.length}:${key}=${value};`
    else return undefined
  }
  return spelling
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? { bigint: value.toString() } : value
}
