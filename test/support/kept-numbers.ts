/** Numbered records that an agent has kept, as an export of its own says: what proves that each is there, and there once. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Signal } from '../../src/model/lane.ts'
import type { AgentProgram } from './agent-program.ts'

/** A record has its number as attribute `n`, and who made it as `run`. */
interface OtlpRecord {
  readonly attributes?: readonly {
    readonly key: string
    readonly value: { readonly stringValue?: string; readonly intValue?: string | number }
  }[]
}
type Scoped = Readonly<Record<string, readonly { readonly [records: string]: readonly OtlpRecord[] }[]>>

/** @returns numbers by run ('' without one), from the lowest up; one that is kept twice is there twice */
export async function keptNumbers(
  agent: Pick<AgentProgram, 'ask'>,
  signal: Exclude<Signal, 'metrics'>,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const folder = mkdtempSync(join(tmpdir(), 'kept-numbers-'))
  try {
    const file = join(folder, 'records.jsonl')
    await agent.ask('export', '--signal', signal, '-o', file)
    return numbersIn(readFileSync(file, 'utf8'), signal)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** From 0 up to, and without, `end`. */
export function numbersUpTo(end: number): readonly number[] {
  return Array.from({ length: end }, (_, n) => n)
}

function numbersIn(jsonLines: string, signal: 'traces' | 'logs'): ReadonlyMap<string, readonly number[]> {
  const [resources, scopes, records] =
    signal === 'logs'
      ? (['resourceLogs', 'scopeLogs', 'logRecords'] as const)
      : (['resourceSpans', 'scopeSpans', 'spans'] as const)
  const numbers = new Map<string, number[]>()
  for (const line of jsonLines.split('\n').filter(Boolean)) {
    const message = JSON.parse(line) as Readonly<Record<string, readonly Scoped[]>>
    const all = message[resources]?.flatMap((each) => each[scopes] ?? []).flatMap((each) => each[records] ?? []) ?? []
    for (const { attributes = [] } of all) {
      const valueOf = (name: string) => attributes.find(({ key }) => key === name)?.value
      const n = valueOf('n')?.intValue
      if (n === undefined) continue
      const run = valueOf('run')?.stringValue ?? ''
      const found = numbers.get(run) ?? []
      numbers.set(run, found)
      found.push(Number(n))
    }
  }
  for (const each of numbers.values()) each.sort((a, b) => a - b)
  return numbers
}
