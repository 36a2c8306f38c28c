/** Work in steps done at once, and stored chunks opened, for tests that have nothing else to do in between. */
import { concat } from '../../src/base/bytes.ts'
import type { Steps } from '../../src/base/steps.ts'
import type { ChunkRef, StoredChunk, TraceChunks } from '../../src/query/trace-source.ts'

export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** What an answer that was made in parts says. */
export function parseParts(parts: readonly Uint8Array[]): unknown {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(concat(...parts)))
}

/** For fakes that have their answer at hand. */
// oxlint-disable-next-line eslint/require-yield -- that is what it is for
export function* atOnce<T>(answer: T): Steps<T> {
  return answer
}

export function openAll(found: Steps<TraceChunks>): readonly StoredChunk[] {
  return openEach(finish(found).chunks)
}

export function openEach(chunks: Iterable<ChunkRef>): readonly StoredChunk[] {
  return [...chunks].flatMap((ref) => finish(ref.open()) ?? [])
}
