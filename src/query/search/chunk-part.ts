/** What a search makes of one chunk: worked out now, or before. */
import type { Steps } from '../../base/steps.ts'
import { OtlpError } from '../../wire/otlp/otlp-error.ts'
import type { Look } from './look.ts'
import { isWithin, type SearchDeps } from './prepared-search.ts'
import type { SearchScope } from './search-scope.ts'
import type { SearchChunk } from './search-source.ts'

export interface PartMaker<Part extends { readonly bytes: number }> {
  /** Names what is asked of each record, for the cache. */
  readonly name: string
  /** Keeps nothing of the payload. `isWhole`: none of its records lies outside of the time range. @throws {OtlpError} */
  readonly make: (payload: Uint8Array, chunk: SearchChunk, isWhole: boolean) => Steps<Part>
}

/** Undefined for a chunk that is gone or cannot be read. What depends on the time range is not remembered. */
export function* chunkPart<Part extends { readonly bytes: number }>(
  chunk: SearchChunk,
  scope: SearchScope,
  { cache }: Pick<SearchDeps, 'cache'>,
  look: Look,
  { name, make }: PartMaker<Part>,
): Steps<Part | undefined> {
  const isWhole = isWithin(chunk, scope)
  const key = isWhole && chunk.storedAs !== undefined ? `${name} ${chunk.storedAs}` : undefined
  const known = key === undefined ? undefined : (cache.get(key) as Part | undefined)
  if (known !== undefined) return known
  const payload = chunk.read()
  if (payload === undefined) return undefined
  try {
    const made = yield* make(payload, chunk, isWhole)
    if (key !== undefined) cache.set(key, made, made.bytes)
    return made
  } catch (err) {
    if (!(err instanceof OtlpError)) throw err
    look.noteUnreadable()
    return undefined
  } finally {
    chunk.free?.(payload)
  }
}
