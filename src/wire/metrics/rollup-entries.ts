/**
 * Roll-ups of one series <-> entries of a minute or hour block. An entry's time is the start of its stretch; its numbers,
 * where `value` stands for those of sample-entries.ts:
 *
 *   numbers: points, least, largest, sum, last, last's time - stretch       flag 1: it ended
 *   counter: points, first's time - stretch, last's time - stretch, last's start, first value, last value,
 *            and, where it is not their difference, change (flag 2: it is)   start: first's start
 *   delta:   points, last's time - stretch, total value
 */
import type { Distribution } from '../../model/metrics/distribution.ts'
import type { CounterRollup, Rollup } from '../../model/metrics/rollup.ts'
import type { Behaviour, Value } from '../../model/metrics/sample.ts'
import type { Entry } from './entry-runs.ts'
import { malformedBlock } from './metric-block-error.ts'
import { partsToValue, valueToParts, type Parts, type ValueForm } from './sample-entries.ts'

export interface TimedRollup {
  /** Start of its stretch. */
  readonly timeMs: number
  readonly rollup: Rollup
}
/** What a series' roll-ups are. */
export interface RollupForm {
  readonly behaviour: Behaviour
  readonly form: ValueForm
}

const FLAG_ENDED = 1
const FLAG_UNBROKEN = 2
const NUMBERS = 6
const COUNTER_HEAD = 4
const DELTA_HEAD = 2

export function rollupToEntry({ timeMs, rollup }: TimedRollup): Entry {
  switch (rollup.kind) {
    case 'numbers': {
      const { points, min, max, sum, last, lastMs, hasEnded } = rollup
      const numbers = [points, min, max, sum, last, lastMs - timeMs]
      return { timeMs, startMs: 0, flags: hasEnded ? FLAG_ENDED : 0, numbers, spans: [] }
    }
    case 'counter':
      return counterToEntry(timeMs, rollup)
    case 'delta': {
      const { points, total, lastMs } = rollup
      const { numbers, spans } = valueToParts(total)
      return { timeMs, startMs: 0, flags: 0, numbers: [points, lastMs - timeMs, ...numbers], spans }
    }
  }
}

/** @throws {MetricBlockError} if the entry is none of a series of this form */
export function entryToRollup(entry: Entry, { behaviour, form }: RollupForm): TimedRollup {
  const { timeMs } = entry
  if (behaviour === 'counter') return { timeMs, rollup: entryToCounter(entry, form) }
  if (form === 'number') return { timeMs, rollup: entryToNumbers(entry) }
  const [points = 0, lastMs = 0] = entry.numbers
  const total = partsToValue({ numbers: entry.numbers.slice(DELTA_HEAD), spans: entry.spans }, form) as Distribution
  return { timeMs, rollup: { kind: 'delta', points, total, lastMs: timeMs + lastMs } }
}

function entryToNumbers({ timeMs, flags, numbers, spans }: Entry): Rollup {
  if (numbers.length !== NUMBERS || spans.length > 0) throw malformedBlock('an entry is no roll-up of numbers')
  const [points, min, max, sum, last, lastMs] = numbers as [number, number, number, number, number, number]
  const hasEnded = (flags & FLAG_ENDED) !== 0
  return { kind: 'numbers', points, min, max, sum, last, lastMs: timeMs + lastMs, hasEnded }
}

function counterToEntry(timeMs: number, { points, first, last, change }: CounterRollup): Entry {
  const values = [first.value, last.value, ...(change === undefined ? [] : [change])].map(valueToParts)
  const head = [points, first.timeMs - timeMs, last.timeMs - timeMs, last.startMs]
  return {
    timeMs,
    startMs: first.startMs,
    flags: change === undefined ? FLAG_UNBROKEN : 0,
    numbers: [...head, ...values.flatMap(({ numbers }) => numbers)],
    spans: values.flatMap(({ spans }) => spans),
  }
}

function entryToCounter({ timeMs, startMs, flags, numbers, spans }: Entry, form: ValueForm): CounterRollup {
  const isUnbroken = (flags & FLAG_UNBROKEN) !== 0
  const [points = 0, firstMs = 0, lastMs = 0, lastStartMs = 0] = numbers
  const count = isUnbroken ? 2 : 3
  // Most counters are numbers, and a query reads very many of them.
  const isPlain = form === 'number' && numbers.length === COUNTER_HEAD + count && spans.length === 0
  const [firstValue, lastValue, change] = (
    isPlain
      ? numbers.slice(COUNTER_HEAD)
      : thirds({ numbers: numbers.slice(COUNTER_HEAD), spans }, count).map((parts) => partsToValue(parts, form))
  ) as [Value, Value, Value?]
  const first = { timeMs: timeMs + firstMs, startMs, value: firstValue }
  const last = { timeMs: timeMs + lastMs, startMs: lastStartMs, value: lastValue }
  return { kind: 'counter', points, first, last, change }
}

/** Numbers and spans in equal parts. @throws {MetricBlockError} */
function thirds({ numbers, spans }: Parts, count: number): readonly Parts[] {
  const [width, spanWidth] = [numbers.length / count, spans.length / count]
  if (!Number.isInteger(width) || !Number.isInteger(spanWidth))
    throw malformedBlock('an entry is no roll-up of a counter')
  return Array.from({ length: count }, (_, i) => ({
    numbers: numbers.slice(i * width, (i + 1) * width),
    spans: spans.slice(i * spanWidth, (i + 1) * spanWidth),
  }))
}
