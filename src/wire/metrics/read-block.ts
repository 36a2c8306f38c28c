/** Blocks as they lie in the tables, in the words of their series. One that cannot be read counts as none. */
import type { Exemplar } from '../../model/metrics/exemplar.ts'
import type { Sample } from '../../model/metrics/sample.ts'
import { decodeBlock, type Block } from './entry-block.ts'
import { MetricBlockError } from './metric-block-error.ts'
import { entryToRollup, type RollupForm, type TimedRollup } from './rollup-entries.ts'
import { entryToSample } from './sample-entries.ts'

export interface SampleBlock {
  readonly samples: readonly Sample[]
  readonly exemplars: readonly Exemplar[]
}
export interface RollupBlock {
  readonly rollups: readonly TimedRollup[]
  readonly exemplars: readonly Exemplar[]
}

const NOTHING: Block = { entries: [], exemplars: [] }

export function readSampleBlock(bytes: Uint8Array | undefined, { form }: RollupForm): SampleBlock {
  return readable(bytes, ({ entries, exemplars }) => ({
    samples: entries.map((entry) => entryToSample(entry, form)),
    exemplars,
  }))
}

export function readRollupBlock(bytes: Uint8Array | undefined, form: RollupForm): RollupBlock {
  return readable(bytes, ({ entries, exemplars }) => ({
    rollups: entries.map((entry) => entryToRollup(entry, form)),
    exemplars,
  }))
}

function readable<T>(bytes: Uint8Array | undefined, read: (block: Block) => T): T {
  if (bytes === undefined) return read(NOTHING)
  try {
    return read(decodeBlock(bytes))
  } catch (err) {
    if (err instanceof MetricBlockError) return read(NOTHING)
    throw err
  }
}
