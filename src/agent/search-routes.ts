/** Routes that search what was recorded. A query is a JSON object (docs/spec/search.md) that may name how long it may take. */
import { HttpError, jsonBody, type HttpAnswer, type HttpRequest, type Route } from './http-server.ts'
import { MAX_QUERY_TIMEOUT_MS } from './keeper/turns.ts'
import { MAX_LIST_LIMIT } from '../query/search/search-query.ts'
import type { KeeperClient } from './keeper-client.ts'

export interface SearchRouteDeps {
  readonly keeper: Pick<KeeperClient, 'callUntil'>
}
type Fields = Readonly<Record<string, unknown>>
type Search = (
  signal: AbortSignal,
  fields: Fields,
  timeout: { readonly timeoutMs: number | undefined },
) => Promise<readonly Uint8Array[]>

export function searchRoutes({ keeper }: SearchRouteDeps): readonly Route[] {
  return [
    searchRoute('traces', (signal, ...query) => keeper.callUntil(signal, 'searchTraces', ...query)),
    searchRoute('logs', (signal, ...query) => keeper.callUntil(signal, 'searchLogs', ...query)),
    ...totalsRoutes('map', (signal, ...query) => keeper.callUntil(signal, 'serviceMap', ...query)),
    ...totalsRoutes('statistics', (signal, ...query) => keeper.callUntil(signal, 'spanStatistics', ...query)),
    ...totalsRoutes('errors', (signal, ...query) => keeper.callUntil(signal, 'errorGroups', ...query)),
  ]
}

/** Ends with the client: who is gone wants no answer. */
function searchRoute(what: string, search: Search): Route {
  const handle = async (request: HttpRequest): Promise<HttpAnswer> => {
    const { timeoutMs, ...fields } = jsonBody(request)
    return { jsonParts: await search(request.signal, fields, { timeoutMs: timeoutField(timeoutMs) }) }
  }
  return { method: 'POST', path: `/v1/search/${what}`, capability: 'cli', handle }
}

/** What adds up all there is: with a body for every condition there is, or with a path that a person can type. */
function totalsRoutes(what: string, search: Search): readonly Route[] {
  const handle = async ({ query, signal }: HttpRequest): Promise<HttpAnswer> => ({
    jsonParts: await search(signal, fieldsOf(query), { timeoutMs: timeoutOf(query) }),
  })
  return [searchRoute(what, search), { method: 'GET', path: `/v1/${what}`, capability: 'cli', handle }]
}

const NUMBERS: ReadonlySet<string> = new Set(['sinceUnixMs', 'untilUnixMs', 'limit'])

/** Members of a query as a path has them, all but its timeout. */
export function fieldsOf(query: URLSearchParams): Fields {
  const members = [...query].filter(([name]) => name !== 'timeoutMs')
  return Object.fromEntries(
    members.map(([name, text]) => [name, NUMBERS.has(name) && /^\d{1,15}$/.test(text) ? Number(text) : text]),
  )
}

/** A limit that was asked for in a path, brought into what searches take. */
export function searchLimit(limit: number | undefined): number | undefined {
  return limit === undefined ? undefined : Math.min(Math.max(limit, 1), MAX_LIST_LIMIT)
}

/** `timeoutMs` of a request's query; undefined if there is none. */
export function timeoutOf(query: URLSearchParams): number | undefined {
  const text = query.get('timeoutMs')
  return text === null ? undefined : timeoutField(/^\d{1,9}$/.test(text) ? Number(text) : Number.NaN)
}

function timeoutField(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  const isWithin = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_QUERY_TIMEOUT_MS
  if (isWithin) return value
  const rule = `timeoutMs is a whole number from 1 to ${MAX_QUERY_TIMEOUT_MS}`
  throw new HttpError('HTTP_BAD_FIELD', rule, { details: { field: 'timeoutMs' } })
}
