/**
 * Power loss at seeded moments of real work: what the process did to its files is recorded by the system, and the folder
 * is made again as a disk may hold it when the power went (test/support/disk/power-cut.ts). Needs strace.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PowerCut } from '../support/disk/power-cut.ts'
import { recordDisk, writeFolder, type Recording } from '../support/disk/record-disk.ts'
import { seeded, type Seeded } from '../support/seeded.ts'
import { checkHome } from './check-home.ts'
import type { ProofOptions, ProofResult } from './proof.ts'
import { SCENARIOS, workHome, type Scenario, type WorkHome } from './work-home.ts'
import { readWorkLines } from './work-lines.ts'

export const what =
  'After a power cut at any moment every acknowledged record is there once, the chain and the audit log verify, no alarm is raised, and the device goes on.'
export const cases = 1_000

/** Steps of work in one recording: enough for a few restarts, days and write-ahead logs. */
const STEPS = 150
/** Cuts made from one recording. */
const CUTS_PER_RECORDING = 50

export interface PowerLossOptions extends ProofOptions {
  /** Loaded into the process before its work: a test takes its syncs away. */
  readonly preload?: string
}

export async function run(options: PowerLossOptions): Promise<ProofResult> {
  const failures: string[] = []
  const facts = { recordings: 0, moments: 0, 'writes not synced': 0, 'acknowledged requests': 0 }
  for (let done = 0; done < options.cases; facts.recordings++) {
    const scenario = SCENARIOS[facts.recordings % SCENARIOS.length] as Scenario
    const seed = options.seed + facts.recordings
    const cuts = Math.min(CUTS_PER_RECORDING, options.cases - done)
    const outcome = await cutRecording(await workHome(scenario), { ...options, seed, cases: cuts })
    failures.push(...outcome.failures.map((text) => `${scenario}, seed ${seed}, ${text}`))
    facts.moments += outcome.moments
    facts['acknowledged requests'] += outcome.kept
    facts['writes not synced'] += outcome.loose
    done += cuts
    options.onProgress?.(done)
  }
  return { cases: options.cases, failures, facts }
}

async function cutRecording(home: WorkHome, options: PowerLossOptions) {
  const { seed, cases: cuts } = options
  const root = mkdtempSync(join(tmpdir(), 'power-'))
  try {
    const folder = join(root, 'home')
    const recording = await record(home, folder, options)
    const random = seeded(seed)
    const cut = new PowerCut(recording.events, recording.before)
    const moments = Array.from({ length: cuts }, () => random.below(cut.moments)).sort((a, b) => a - b)
    const failures: string[] = []
    let loose = 0
    for (const [n, moment] of moments.entries()) {
      const said = cut.advanceTo(moment)
      loose += cut.looseChanges
      const problems = await cutAt(home, join(root, String(n)), cut, said, random)
      failures.push(...problems.map((text) => `moment ${moment}: ${text}`))
    }
    const kept = recording.events.filter((event) => event.kind === 'say' && event.line.includes('"kept"')).length
    return { failures, moments: cut.moments, kept, loose }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

async function record(home: WorkHome, folder: string, { seed, preload }: PowerLossOptions): Promise<Recording> {
  await home.prepare(folder)
  const imports = preload === undefined ? [] : ['--import', preload]
  return recordDisk(folder, [process.execPath, ...imports, ...home.command(folder, { seed, steps: STEPS, lines: [] })])
}

async function cutAt(home: WorkHome, folder: string, cut: PowerCut, said: readonly string[], random: Seeded) {
  writeFolder(folder, cut.image(random))
  const lines = readWorkLines(said)
  const found = home.in(folder, lines)
  const { problems } = await checkHome(found, { lines, facts: home.facts })
  found.remove()
  return problems
}
