/** What an import has done, and how far it is, in words. */
import type { ImportProblem, ImportSummary } from '../import/import-files.ts'
import { formatSize } from './data-size.ts'
import { formatDurationMs } from './duration.ts'
import { plural } from './plural.ts'
import { safeText } from './safe-text.ts'

const NOUNS = { traces: 'span', logs: 'log record', metrics: 'metric point' } as const

export interface ImportPace {
  /** 0 if it is not known. */
  readonly totalBytes: number
  readonly seconds: number
  /** Why the agent takes nothing now. */
  readonly waitsFor: string | undefined
}

export function importProgress(summary: ImportSummary, { totalBytes, seconds, waitsFor }: ImportPace): string {
  const { bytes, rejected } = summary
  const of = totalBytes > 0 ? ` of ${formatSize(totalBytes)}` : ''
  const records = sum(summary)
  return [
    `${formatSize(bytes)}${of}`,
    plural(records, 'record'),
    ...(rejected > 0 ? [`${rejected.toLocaleString('en-US')} left out`] : []),
    `${Math.round(records / Math.max(seconds, 0.001)).toLocaleString('en-US')}/s`,
    ...(waitsFor === undefined ? [] : [`the agent takes nothing now (${waitsFor}); waiting`]),
  ].join(', ')
}

export function importWords(summary: ImportSummary, seconds: number): string {
  const { files, bytes, rejected, problems, records } = summary
  const kinds = (['traces', 'logs', 'metrics'] as const).filter((signal) => records[signal] > 0)
  const counts = kinds.map((signal) => plural(records[signal], NOUNS[signal]))
  const from = `${plural(files, 'file')} (${formatSize(bytes)}) in ${formatDurationMs(seconds * 1000)}`
  const named = problems.reduce((total, each) => total + each.records, 0)
  return [
    `Imported ${counts.length === 0 ? 'nothing' : counts.join(', ')} of ${from}.`,
    ...(rejected === 0 ? [] : [`Left out: ${rejected.toLocaleString('en-US')}.`]),
    ...problems.map(problemLine),
    ...(named < rejected ? [`  and ${(rejected - named).toLocaleString('en-US')} more`] : []),
  ].join('\n')
}

function problemLine({ file, unit, at, records, code, message }: ImportProblem): string {
  const count = records === 1 ? '' : ` (${plural(records, 'record')})`
  return `  ${safeText(file)}, ${unit} ${at}${count}: ${code}: ${safeText(message)}`
}

function sum({ records }: ImportSummary): number {
  return records.traces + records.logs + records.metrics
}
