/**
 * Goes through the chunks of a search, newest first, and hands out what each comes to. What adds up is kept by whoever
 * adds; one chunk is in memory at a time.
 */
import type { Steps } from '../../base/steps.ts'
import { chunkPart, type PartMaker } from './chunk-part.ts'
import type { Look } from './look.ts'
import type { SearchDeps } from './prepared-search.ts'
import type { SearchScope } from './search-scope.ts'
import type { SearchChunk } from './search-source.ts'

/** @returns how many chunks there are */
export function* eachPart<Part extends { readonly bytes: number }>(
  scope: SearchScope,
  deps: SearchDeps,
  look: Look,
  maker: PartMaker<Part>,
  add: (part: Part, chunk: SearchChunk) => void,
): Steps<number> {
  const { chunks, totals } = deps.source.candidates(scope)
  for (const chunk of chunks) {
    if (!look.take(chunk)) break
    const part = yield* chunkPart(chunk, scope, deps, look, maker)
    if (part !== undefined) add(part, chunk)
    yield
  }
  return totals.chunks
}
