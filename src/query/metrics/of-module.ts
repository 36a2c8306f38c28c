/** A source that shows the metrics of one module, of every device, and knows of no others. */
import type { ChunkRef } from '../trace-source.ts'
import type { MetricSource } from './metric-source.ts'

export function ofModule(source: MetricSource, module: string): MetricSource {
  return {
    *series(name) {
      for (const row of source.series(name)) if (row.module === module) yield row
    },
    hours: (from, to) => source.hours(from, to),
    block: (tier, hour, series) => source.block(tier, hour, series),
    parts: (hour, series) => source.parts(hour, series),
    tail: () => source.tail().map((ref) => ofModuleOnly(ref, module)),
  }
}

/** Whose a chunk is, is known once it is open. */
function ofModuleOnly(ref: ChunkRef, module: string): ChunkRef {
  return {
    ...ref,
    *open() {
      const chunk = yield* ref.open()
      if (chunk === undefined || chunk.module === module) return chunk
      chunk.free?.()
      return undefined
    },
  }
}
