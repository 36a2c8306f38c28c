/** A benchmark's figures as words: for the terminal and for docs/benchmarks.md. */
import { machineLine, type Machine } from './machine.ts'
import type { Goal, Spread, Summary, Unit } from './measure.ts'

export interface Report {
  readonly name: string
  readonly what: string
  readonly machine: Machine
  readonly runs: number
  readonly measures: readonly Summary[]
}

export function toText({ name, machine, runs, measures }: Report): string {
  const rows = measures.map(cellsOf)
  const widths = rows.reduce((max, row) => row.map((cell, i) => Math.max(cell.length, max[i] ?? 0)), [] as number[])
  const lines = rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd())
  return [`${name} (${runs} runs; ${machineLine(machine)})`, ...lines, ''].join('\n')
}

export function toMarkdown({ what, machine, runs, measures }: Report): string {
  return [
    what,
    '',
    `Median of ${runs} ${runs === 1 ? 'run' : 'runs'} [lowest, highest]. ${machineLine(machine)}.`,
    '',
    '| measured | ours | raw limit | times the raw limit | goal |',
    '|---|---|---|---|---|',
    ...measures.map((measure) => `| ${cellsOf(measure).join(' | ')} |`),
  ].join('\n')
}

function cellsOf({ label, unit, better, ours, raw, timesRaw, goal, shareGoal }: Summary): readonly string[] {
  const goals = [goalWords(goal, unit, better), goalWords(shareGoal, 'x the limit')].filter(
    (words) => words !== undefined,
  )
  return [
    label,
    spread(ours, unit),
    raw === null ? '-' : `${raw.label}: ${spread(raw, unit)}`,
    timesRaw === null ? '-' : round(timesRaw.median),
    goals.join('; ') || '-',
  ]
}

/** @returns nothing without a goal */
export function goalWords(goal: Goal | null, unit: string, better: 'lower' | 'higher' = 'higher'): string | undefined {
  if (goal === null) return undefined
  const side = better === 'lower' ? 'at most' : 'at least'
  return `${side} ${round(goal.bound)} ${unit}: ${goal.met ? 'met' : '**missed**'}`
}

export function figure(value: number, unit: Unit): string {
  return `${round(value)} ${unit}`
}

function spread({ median, min, max }: Spread, unit: Unit): string {
  return min === max ? figure(median, unit) : `${figure(median, unit)} [${round(min)}, ${round(max)}]`
}

/** Three digits that mean something. */
export function round(value: number): string {
  if (value >= 10_000) return `${round(value / 1000)} k`
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}
