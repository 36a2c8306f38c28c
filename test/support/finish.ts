/** Work in steps done at once, and stored chunks opened, for tests that have nothing else to do in between. */
import type { Steps } from '../../src/base/steps.ts'
import type { StoredChunk, TraceChunks } from '../../src/query/trace-source.ts'

export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

export function openAll({ chunks }: Pick<TraceChunks, 'chunks'>): readonly StoredChunk[] {
  return [...chunks].flatMap((ref) => finish(ref.open()) ?? [])
}
