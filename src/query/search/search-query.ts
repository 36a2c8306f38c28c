/**
 * The one query model: records of a lane in a time range for which all conditions hold (docs/spec/search.md). Lists,
 * statistics, error groups, the map and the live tail all ask with it. Here it is read from JSON, checked and bounded.
 */
import { MAX_CONDITIONS, type Condition, type SearchLane } from './condition.ts'
import { OPERATORS, readCondition, type Operator, type RawValue } from './read-condition.ts'
import { readFilterText } from './read-filter-text.ts'
import { SearchError } from './search-error.ts'

export interface RecordQuery {
  readonly lane: SearchLane
  readonly conditions: readonly Condition[]
  /** Recorded at or after, on the recording device's clock; of a span, its start. */
  readonly fromUnixNano: bigint | undefined
  /** Recorded before. */
  readonly toUnixNano: bigint | undefined
  /** Whether log records come as OTLP/JSON too. Default false. */
  readonly withOtlp?: boolean
}

export type TraceSort = 'newest' | 'duration' | 'spans'
const SORTS: readonly TraceSort[] = ['newest', 'duration', 'spans']

/** A list's query; `limit` undefined: what the list takes for its default. */
export interface SearchQuery extends RecordQuery {
  readonly sort: TraceSort
  readonly limit: number | undefined
  readonly cursor: string | undefined
}

/** The same whatever the time: for chunks that lie within the range, so that what is found is true of other ranges too. */
export function atAnyTime<Query extends RecordQuery>(query: Query): Query {
  return { ...query, fromUnixNano: undefined, toUnixNano: undefined }
}

/** Largest limit of any list: lists are for people and screens; exports have their own way out. */
export const MAX_LIST_LIMIT = 5000
/** Longest cursor, in characters. */
const MAX_CURSOR_CHARS = 512
/** Latest time anything can be asked about, in Unix milliseconds: the last that a store holds. */
const MAX_UNIX_MS = 9_223_372_036_854
const NANOS_PER_MS = 1_000_000n

type Fields = Readonly<Record<string, unknown>>
const MEMBERS = ['filter', 'where', 'sinceUnixMs', 'untilUnixMs', 'sort', 'limit', 'cursor', 'otlp'] as const

/** Reads the JSON of a query, already parsed. @throws {SearchError} */
export function readSearchQuery(fields: Fields, lane: SearchLane, nowUnixMs: number): SearchQuery {
  const unknown = Object.keys(fields).find((name) => !MEMBERS.some((member) => member === name))
  if (unknown !== undefined) throw bad('query', `takes ${MEMBERS.join(', ')}`)
  const typed = readFilterText(textOf(fields, 'filter') ?? '', lane, nowUnixMs)
  const conditions = [...typed.conditions, ...readWhere(fields['where'], lane)]
  if (conditions.length > MAX_CONDITIONS) throw bad('where', `has at most ${MAX_CONDITIONS} conditions`)
  const since = numberOf(fields, 'sinceUnixMs', 0, MAX_UNIX_MS)
  const until = numberOf(fields, 'untilUnixMs', 0, MAX_UNIX_MS)
  return {
    lane,
    conditions,
    fromUnixNano: inner(typed.fromUnixNano, toNano(since), (a, b) => a > b),
    toUnixNano: inner(typed.toUnixNano, toNano(until), (a, b) => a < b),
    sort: sortOf(fields, lane),
    limit: numberOf(fields, 'limit', 1, MAX_LIST_LIMIT),
    cursor: cursorOf(fields),
    withOtlp: otlpOf(fields, lane),
  }
}

/** A query whose answer adds up all there is: nothing to put in order, no pages. @throws {SearchError} */
export function readTotalsQuery(fields: Fields, lane: SearchLane, nowUnixMs: number): SearchQuery {
  const ofLists = ['sort', 'cursor', 'otlp'].find((name) => fields[name] !== undefined && fields[name] !== null)
  if (ofLists !== undefined) throw bad(ofLists, 'is for lists alone')
  return readSearchQuery(fields, lane, nowUnixMs)
}

function readWhere(where: unknown, lane: SearchLane): readonly Condition[] {
  if (where === undefined || where === null) return []
  if (!Array.isArray(where)) throw bad('where', 'is a list of conditions')
  if (where.length > MAX_CONDITIONS) throw bad('where', `has at most ${MAX_CONDITIONS} conditions`)
  return where.map((each: unknown, i) => readJsonCondition(each, lane, `where[${i}]`))
}

/** `{field | attribute, op, value}` */
function readJsonCondition(json: unknown, lane: SearchLane, place: string): Condition {
  if (typeof json !== 'object' || json === null) throw bad(place, 'is an object')
  const { field, attribute, op, value } = json as Fields
  const name = attribute ?? field
  if (typeof name !== 'string' || (attribute !== undefined && field !== undefined)) {
    throw bad(place, 'has a field or an attribute, which is a text')
  }
  const operator = OPERATORS.find((each) => each === op)
  if (operator === undefined) throw bad(`${place}.op`, `is one of ${OPERATORS.join(' ')}`)
  const raw = {
    field: name,
    isAttribute: attribute !== undefined,
    op: operator,
    value: readValue(value, operator, place),
  }
  return readCondition(raw, lane, (part, message, onlyOf) => {
    throw bad(`${place}.${part}`, message, onlyOf)
  })
}

function readValue(value: unknown, op: Operator, place: string): RawValue | undefined {
  const isAny = op === 'exists' || op === 'missing'
  if (isAny && value !== undefined) throw bad(`${place}.value`, `is nothing with ${op}`)
  if (isAny) return undefined
  if (typeof value === 'string') return { type: 'string', text: value }
  if (typeof value === 'number' && Number.isFinite(value)) return { type: 'number', text: String(value) }
  if (typeof value === 'boolean') return { type: 'bool', text: String(value) }
  throw bad(`${place}.value`, 'is a text, a number, true or false')
}

function sortOf(fields: Fields, lane: SearchLane): TraceSort {
  const sort = textOf(fields, 'sort') ?? 'newest'
  const known = SORTS.find((each) => each === sort)
  if (known === undefined) throw bad('sort', `is one of ${SORTS.join(', ')}`)
  if (lane !== 'traces' && known !== 'newest') throw bad('sort', 'of log records is newest')
  return known
}

function otlpOf({ otlp }: Fields, lane: SearchLane): boolean {
  if (otlp === undefined || otlp === null || otlp === false || otlp === 'false') return false
  if (lane !== 'logs' || (otlp !== true && otlp !== 'true')) throw bad('otlp', 'is true or false, of log records')
  return true
}

function cursorOf(fields: Fields): string | undefined {
  const cursor = textOf(fields, 'cursor')
  if (cursor !== undefined && cursor.length > MAX_CURSOR_CHARS) throw bad('cursor', 'is one that an answer gave')
  return cursor
}

function textOf(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || value === null) return undefined
  return typeof value === 'string' ? value : refuse(name, 'is a text')
}

function numberOf(fields: Fields, name: string, least: number, most: number): number | undefined {
  const value = fields[name]
  if (value === undefined || value === null) return undefined
  const isWithin = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
  return isWithin ? value : refuse(name, `is a whole number from ${least} to ${most}`)
}

function toNano(unixMs: number | undefined): bigint | undefined {
  return unixMs === undefined ? undefined : BigInt(unixMs) * NANOS_PER_MS
}

/** The bound that leaves less. */
function inner(
  a: bigint | undefined,
  b: bigint | undefined,
  isInner: (a: bigint, b: bigint) => boolean,
): bigint | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return isInner(a, b) ? a : b
}

function refuse(field: string, rule: string): never {
  throw bad(field, rule)
}

function bad(field: string, rule: string, onlyOf?: SearchLane): SearchError {
  const details = onlyOf === undefined ? { field } : { field, onlyOf }
  return new SearchError('SEARCH_QUERY', `${field} ${rule}`, { details })
}
