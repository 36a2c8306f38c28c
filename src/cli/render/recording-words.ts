/** What a module is to record, as a table: what holds for topics that begin so, wherever it was set. */
import type { RecordingRuleView } from '../../agent/http-types/device.ts'
import type { TableWords } from './store-words.ts'

export function recordingTable(rules: readonly RecordingRuleView[]): TableWords {
  return {
    columns: [{ title: 'topic', minWidth: 12 }, { title: 'log records' }, { title: 'traces', align: 'right' }],
    rows: rules.map(({ topic }) => [
      topic === '' ? 'all' : `${topic}*`,
      levelWords(inForce(rules, topic, 'level')),
      sampleWords(inForce(rules, topic, 'sample')),
    ]),
  }
}

/** Of the longest beginning that says something of it. */
function inForce<What extends 'level' | 'sample'>(
  rules: readonly RecordingRuleView[],
  topic: string,
  what: What,
): RecordingRuleView[What] {
  const fitting = rules.filter((rule) => rule[what] !== null && topic.startsWith(rule.topic))
  return fitting.toSorted((a, b) => b.topic.length - a.topic.length)[0]?.[what] ?? null
}

function levelWords(level: RecordingRuleView['level']): string {
  if (level === null) return 'all'
  return level === 'error' ? 'errors' : `${level} and more`
}

/** All that was typed: `12.5 %`. */
function sampleWords(ratio: number | null): string {
  if (ratio === 0) return 'none'
  return ratio === null || ratio === 1 ? 'all' : `${Number((ratio * 100).toPrecision(12))} %`
}
