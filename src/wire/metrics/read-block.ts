/** Blocks as they lie in the tables, in the words of their series. One that cannot be read counts as none. */
import type { Exemplar } from '../../model/metrics/exemplar.ts'
import type { Sample } from '../../model/metrics/sample.ts'
import { decodeColumns, entriesOf, type ColumnBlock } from './entry-block.ts'
import { MetricBlockError } from './metric-block-error.ts'
import { entryToRollup, type RollupForm, type TimedRollup } from './rollup-entries.ts'
import { runToSamples } from './sample-entries.ts'

export interface SampleBlock {
  readonly samples: readonly Sample[]
  readonly exemplars: readonly Exemplar[]
}
export interface RollupBlock {
  readonly rollups: readonly TimedRollup[]
  readonly exemplars: readonly Exemplar[]
}

const NOTHING: ColumnBlock = { runs: [], exemplars: [] }

export function readSampleBlock(bytes: Uint8Array | undefined, { form }: RollupForm): SampleBlock {
  return readable(bytes, ({ runs, exemplars }) => ({
    samples: runs.flatMap((run) => runToSamples(run, form)),
    exemplars,
  }))
}

export function readRollupBlock(bytes: Uint8Array | undefined, form: RollupForm): RollupBlock {
  return readable(bytes, ({ runs, exemplars }) => ({
    rollups: runs.flatMap((run) => entriesOf(run).map((entry) => entryToRollup(entry, form))),
    exemplars,
  }))
}

function readable<T>(bytes: Uint8Array | undefined, read: (block: ColumnBlock) => T): T {
  if (bytes === undefined) return read(NOTHING)
  try {
    return read(decodeColumns(bytes))
  } catch (err) {
    if (err instanceof MetricBlockError) return read(NOTHING)
    throw err
  }
}
