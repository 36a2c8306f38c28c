/**
 * Jaeger's JSON as its API answers and its web app saves it (`{"data": [trace, ...]}`): the members that are read. All of
 * it is from outside: every member may be missing or of another kind. Times and durations are microseconds.
 *
 * Source: the JSON model of github.com/jaegertracing/jaeger (model/json).
 */
export type Loose = Readonly<Record<string, unknown>>

export interface JaegerTrace {
  readonly spans: readonly unknown[]
  /** By the names that spans call them by. */
  readonly processes: Loose
  readonly warnings: readonly string[]
}

/** An object, or an empty one in place of anything else. */
export function looseObject(value: unknown): Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Loose) : {}
}

/** A list, or an empty one in place of anything else. */
export function looseList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function looseTexts(value: unknown): readonly string[] {
  return looseList(value).filter((item) => typeof item === 'string')
}
