/**
 * One byte of one file of a home is another than it was. Then the agent does not start and says why, or it starts and
 * everything else is there: nothing wrong is ever shown, what is missing is told, and nothing falls over.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readCommits } from '../../src/store/log-tail.ts'
import { PAGE_BYTES } from '../../src/store/open-encrypted.ts'
import { readFolder } from '../support/disk/record-disk.ts'
import { runProgram } from '../support/run-program.ts'
import { seeded, type Seeded } from '../support/seeded.ts'
import { askEverything, isClear } from './ask-everything.ts'
import { runAndKill } from './kill.ts'
import type { ProofOptions, ProofResult } from './proof.ts'
import { SCENARIOS, workHome, type Scenario, type WorkHome } from './work-home.ts'
import { readWorkLines, type WorkLine } from './work-lines.ts'

export const what =
  'A flipped byte anywhere in a home shows no wrong record and brings nothing down: the agent refuses to start with a code, or everything that was not hit is there and the loss is told.'
export const cases = 1_000

/** Flips tried on one home, each on a copy. */
const FLIPS_PER_HOME = 50
/** Steps of a home that was closed, lines of one that was killed: some restarts and a write-ahead log of some hundred pages. */
const STEPS = 60
const LINES = 80
/** Of a write-ahead log. */
const FRAME_BYTES = 24 + PAGE_BYTES
/** Made at every start from the others, or opened by nobody but the key file's own reader (its rules have tests). */
const NOT_OF_THE_STORE = /-shm$|\.json$|\.key$/

/** A newest commit that was altered is not told from one that a power cut tore (ST43). */
type Outcome = 'refused to start' | 'told' | 'did no harm' | 'taken for torn'

export async function run({ seed, cases: wanted, onProgress }: ProofOptions): Promise<ProofResult> {
  const failures: string[] = []
  const outcomes = new Map<string, number>()
  let homes = 0
  for (let done = 0; done < wanted; homes++) {
    const scenario = SCENARIOS[homes % SCENARIOS.length] as Scenario
    const flips = Math.min(FLIPS_PER_HOME, wanted - done)
    const homeSeed = seed + homes
    await withWorkedHome(await workHome(scenario), homeSeed, async (home, folder, lines) => {
      const random = seeded(homeSeed)
      for (let n = 0; n < flips; n++) {
        const { file, outcome, problems } = await flip(home, folder, lines, random)
        const name = `${file.replace(/\d+/, 'N')}, ${outcome}`
        outcomes.set(name, (outcomes.get(name) ?? 0) + 1)
        failures.push(...problems.map((problem) => `${scenario}, seed ${homeSeed}, flip ${n}, ${file}: ${problem}`))
      }
    })
    done += flips
    onProgress?.(done)
  }
  return {
    cases: wanted,
    failures,
    facts: { homes, ...Object.fromEntries([...outcomes].sort(([a], [b]) => a.localeCompare(b))) },
  }
}

/** A home in which work was done, and which was closed or killed. */
async function withWorkedHome(
  home: WorkHome,
  seed: number,
  work: (home: WorkHome, folder: string, lines: readonly WorkLine[]) => Promise<void>,
): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'flip-'))
  const folder = join(root, 'home')
  try {
    await home.prepare(folder)
    const command = home.command(folder, { seed, steps: seed % 4 < 2 ? STEPS : 10 * LINES, lines: [] })
    const isKilled = seed % 4 >= 2
    await work(home, folder, isKilled ? await runAndKill(command, { atLine: LINES }) : await runToEnd(command))
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

async function runToEnd(command: readonly string[]): Promise<readonly WorkLine[]> {
  const { code, stdout, stderr } = await runProgram([process.execPath, ...command, '-'])
  if (code !== 0) throw new Error(stderr)
  return readWorkLines(stdout.split('\n'))
}

async function flip(home: WorkHome, original: string, lines: readonly WorkLine[], random: Seeded) {
  const folder = mkdtempSync(join(tmpdir(), 'flipped-'))
  cpSync(original, folder, { recursive: true })
  const flipped = flipIn(folder, random)
  const found = home.in(folder, lines)
  try {
    return { ...flipped, ...(await lookAt(found, lines, flipped.isInNewestCommit)) }
  } finally {
    found.remove()
  }
}

/** Every file is as likely, and every byte in it. */
function flipIn(folder: string, random: Seeded): { readonly file: string; readonly isInNewestCommit: boolean } {
  const files = [...readFolder(folder).files].filter(([path, { length }]) => length > 0 && !NOT_OF_THE_STORE.test(path))
  const [file] = random.pick(files)
  const path = join(folder, file)
  const bytes = readFileSync(path)
  const at = random.below(bytes.length)
  const older = file === 'store.db-wal' ? readCommits(path).at(-2) : undefined
  bytes[at] = (bytes[at] as number) ^ (1 + random.below(255))
  writeFileSync(path, bytes)
  return { file, isInNewestCommit: older !== undefined && at >= 32 + older * FRAME_BYTES }
}

async function lookAt(
  home: ReturnType<WorkHome['in']>,
  lines: readonly WorkLine[],
  isInNewestCommit: boolean,
): Promise<{ outcome: Outcome; problems: readonly string[] }> {
  let keeper: ReturnType<typeof home.reopen>
  try {
    keeper = home.reopen()
  } catch (err) {
    return { outcome: 'refused to start', problems: isClear(err) ? [] : [`the start falls over: ${String(err)}`] }
  }
  const { problems, told, missing } = await askEverything(keeper, lines)
  const ending = end(() => keeper.close())
  const background = home.failures.filter((err) => !isClear(err)).map(String)
  const all = [...problems, ...ending, ...background]
  if (told > 0 || home.failures.length > 0) return { outcome: 'told', problems: all }
  if (missing === 0) return { outcome: 'did no harm', problems: all }
  if (isInNewestCommit) return { outcome: 'taken for torn', problems: all }
  return { outcome: 'did no harm', problems: [...all, `${missing} records are lost without a word`] }
}

function end(work: () => void): readonly string[] {
  try {
    work()
    return []
  } catch (err) {
    return [`closing fails: ${String(err)}`]
  }
}
