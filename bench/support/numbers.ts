/** The paths that were promised a number: ours, the raw limit of the same run, and what others have published. */
import type { Baseline } from './baseline.ts'
import type { Summary } from './measure.ts'
import { figure, goalWords, round } from './report.ts'

interface Path {
  readonly path: string
  /** Which measure of which benchmark it is. */
  readonly benchmark: string
  readonly label: string
  /** Published by others about another machine: a bearing, not a comparison. */
  readonly published?: string
}

const CLICKHOUSE_TRACE = 'Jaeger on ClickHouse: 27 to 100 ms'
const CLICKHOUSE_SEARCH = 'Jaeger on ClickHouse: 140 to 880 ms'

const PATHS: readonly Path[] = [
  {
    path: 'OTLP/HTTP, 512 spans an export, 16 in flight, durable and indexed before the answer',
    benchmark: 'ingest',
    label: 'spans committed',
    published: 'Tempo: 55 k to 80 k spans/s; a Collector without storage: 128 k to 544 k logs/s',
  },
  { path: 'the same, 8 spans an export, 64 in flight', benchmark: 'ingest-small', label: 'spans committed' },
  {
    path: 'disk, everything included, spans of 345 B',
    benchmark: 'ingest',
    label: 'on disk, everything included',
    published: 'Zipkin in memory: 1,000 B/span',
  },
  { path: 'disk, 10 M spans', benchmark: 'ten-million', label: 'on disk, everything included' },
  {
    path: 'trace by id in 10 M spans, p95',
    benchmark: 'ten-million',
    label: 'trace by id, p95',
    published: CLICKHOUSE_TRACE,
  },
  {
    path: 'attribute, duration and time in 10 M spans, 20 summaries, p95',
    benchmark: 'ten-million',
    label: 'search for 20 summaries, p95',
    published: CLICKHOUSE_SEARCH,
  },
  { path: 'newest 100 summaries of 10 M spans, p95', benchmark: 'ten-million', label: 'newest 100 summaries, p95' },
  { path: 'word in 10 M log lines, p95', benchmark: 'ten-million', label: 'word in log lines, p95' },
  {
    path: 'trace of 50,000 spans from five devices, assembled and ordered',
    benchmark: 'stitch-large',
    label: '50,000 spans, median',
  },
  { path: 'start to ready with 10 M spans', benchmark: 'ten-million', label: 'start to ready' },
  { path: 'memory at full ingest', benchmark: 'ingest', label: 'memory, at most' },
  { path: 'memory a minute after it', benchmark: 'ingest', label: 'memory a minute later' },
  {
    path: 'main thread held up during full ingest and queries, p99',
    benchmark: 'ingest',
    label: 'main thread held up, with queries, p99',
  },
  { path: 'a log call of a module, two fields', benchmark: 'sdk', label: 'log call with two fields' },
  { path: 'a span of a module, four attributes', benchmark: 'sdk', label: 'span with four attributes' },
  { path: 'a counter of a module, two attributes', benchmark: 'sdk', label: 'counter with two attributes' },
]

const HEAD = ['path', 'ours', 'raw limit, same run', 'share of the limit', 'goal', 'published, other machine'] as const

/** One row a path; what has not been measured says so. */
export function numberRows(baseline: Baseline): readonly (readonly string[])[] {
  return PATHS.map(({ path, benchmark, label, published = '-' }) => {
    const summary = baseline[benchmark]?.measures.find((each) => each.label === label)
    return summary === undefined
      ? [path, 'not measured yet', '-', '-', '-', published]
      : [path, ...cellsOf(summary), published]
  })
}

export function numbersToMarkdown(baseline: Baseline): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(HEAD), line(HEAD.map(() => '---')), ...numberRows(baseline).map(line)].join('\n')
}

export function numbersToText(baseline: Baseline): string {
  const rows = [HEAD.slice(0, -1), ...numberRows(baseline).map((cells) => cells.slice(0, -1))]
  const widths = HEAD.map((_, i) => Math.max(...rows.map((cells) => cells[i]?.length ?? 0)))
  return rows
    .map((cells) =>
      cells
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function cellsOf({ unit, better, ours, raw, timesRaw, goal, shareGoal }: Summary): readonly string[] {
  const goals = [goalWords(goal, unit, better), goalWords(shareGoal, 'x the limit')].filter(
    (words) => words !== undefined,
  )
  return [
    figure(ours.median, unit),
    raw === null ? '-' : `${raw.label}: ${figure(raw.median, unit)}`,
    timesRaw === null ? '-' : `${round(1 / timesRaw.median)} x`,
    goals.join('; ') || '-',
  ]
}
