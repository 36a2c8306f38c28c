/** What a module is to record, as a table. */
import type { RecordingRuleView } from '../../agent/http-types/device.ts'
import type { TableWords } from './store-words.ts'

export function recordingTable(rules: readonly RecordingRuleView[]): TableWords {
  return {
    columns: [{ title: 'topic', minWidth: 12 }, { title: 'log records' }, { title: 'traces', align: 'right' }],
    rows: rules.map(({ topic, level, sample }) => [
      topic === '' ? 'all' : `${topic}*`,
      level === null ? '-' : level === 'error' ? 'errors' : `${level} and more`,
      sample === null ? '-' : percentWords(sample),
    ]),
  }
}

/** All that was typed: `12.5 %`. */
function percentWords(ratio: number): string {
  if (ratio === 0) return 'none'
  return ratio === 1 ? 'all' : `${Number((ratio * 100).toPrecision(12))} %`
}
