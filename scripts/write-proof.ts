/** The page of one proof in docs/proofs: what was tried, how often, on what, and what came of it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { machineLine, type Machine } from '../bench/support/machine.ts'
import type { Proof, ProofResult } from '../test/proofs/proof.ts'

export interface Proven {
  readonly proof: Proof
  readonly result: ProofResult
  readonly machine: Machine
  readonly seed: number
  readonly seconds: number
}

const ROOT = join(import.meta.dirname, '..')
/** Failures written down; the rest are counted. */
const MAX_LISTED = 50

export function writeProof(name: string, proven: Proven): void {
  const folder = join(ROOT, 'docs', 'proofs')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.md`), page(name, proven))
}

function page(name: string, { proof, result, machine, seed, seconds }: Proven): string {
  const { failures } = result
  const rows = Object.entries({
    cases: result.cases,
    failures: failures.length,
    ...result.facts,
    seed,
    seconds,
    commit: commit(),
  })
  return [
    `# ${name}\n`,
    `${proof.what}\n`,
    '| | |',
    '|---|---|',
    ...rows.map(([word, value]) => `| ${word} | ${value} |`),
    '',
    `Written by \`npm run prove -- --only ${name}\`. ${machineLine(machine)}.`,
    ...(failures.length === 0 ? [] : ['', ...failures.slice(0, MAX_LISTED).map((failure) => `- ${failure}`)]),
    '',
  ].join('\n')
}

function commit(): string {
  return execFileSync('git', ['describe', '--always', '--dirty'], { cwd: ROOT, encoding: 'utf8' }).trim()
}
