/**
 * `npm run demo`: one sentence across three devices, before consent, with it, and after it was revoked, with real
 * agents, modules and records in a temporary folder. Whatever happens, nothing it started goes on running, unless
 * `--keep` asks for that.
 *
 * The story is told on stderr and drawn on stdout; with `--json`, stdout has one JSON document and nothing else.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { codeOf } from '../../src/base/errors.ts'
import { layOutHome } from '../../src/platform/home.ts'
import type { Device } from './device.ts'
import { failuresIn, type Findings } from './facts.ts'
import { Processes } from './processes.ts'
import { Progress } from './progress.ts'
import { describeError, describeFailures, describeFindings, describeKept } from './report.ts'
import { STEPS, tellStory } from './story.ts'

const { json: isJson = false, keep: isKeep = false } = readOptions()
const stop = new AbortController()
const progress = new Progress(process.stderr, { steps: STEPS, signal: stop.signal })
const processes = new Processes({ keep: isKeep })
const folder = mkdtempSync(join(tmpdir(), 'aico-mesh-demo-'))
let endedBy: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | undefined

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // The terminal and the launcher may both send it: the first one counts, and stopping takes its time.
  process.on(signal, () => {
    endedBy ??= signal
    stop.abort()
  })
}
const isOk = await run()
process.exitCode = endedBy === undefined ? Number(!isOk) : 128 + constants.signals[endedBy]

async function run(): Promise<boolean> {
  try {
    return await demonstrate()
  } catch (err) {
    // First of all: no step that still runs beside the failed one may start anything more.
    stop.abort()
    const ended = processes.ended()
    await processes.stop()
    const reason = describeError(err, { step: progress.title, ended, folder })
    removeFolder()
    if (isJson)
      print({ ok: false, error: { code: codeOf(err), message: err instanceof Error ? err.message : 'failed' } })
    say(endedBy === undefined ? reason : ['', 'Stopped. Nothing is left behind.'])
    return false
  }
}

/** @returns whether everything held that the demo claims */
async function demonstrate(): Promise<boolean> {
  progress.headline('One sentence, three devices, nobody in between', [
    'A phone hears a person, a laptop thinks, a tablet answers. Each device keeps its own records of that, encrypted.',
    'They come together when the person consents, and only then. All of this is real: agents, modules, keys, links.',
  ])
  const startMs = performance.now()
  const { findings, microphone } = await tellStory({ progress, processes, folder, signal: stop.signal, draw })
  const failures = failuresIn(findings)
  const isKept = isKeep && failures.length === 0
  if (isKept) {
    processes.release()
  } else {
    await processes.stop()
    removeFolder()
  }
  if (isJson) print({ ...(isKept ? findings : withoutHomes(findings)), ok: failures.length === 0 })
  say(describeFindings(findings, performance.now() - startMs))
  if (failures.length > 0) say(describeFailures(failures))
  say(
    isKept
      ? describeKept(findings, { microphone, pids: processes.pids(), folder })
      : ['Everything it started was stopped and removed. To look around yourself: npm run demo -- --keep'],
  )
  return failures.length === 0
}

async function draw(device: Device, traceId: string): Promise<void> {
  if (isJson) return
  progress.line()
  await device.draw('traces', 'show', traceId)
}

function removeFolder(): void {
  const homes = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  // Sockets are elsewhere when the path of the temporary folder is too long for them.
  for (const { name } of homes) rmSync(layOutHome(join(folder, name)).runFolder, { recursive: true, force: true })
  rmSync(folder, { recursive: true, force: true })
}

function readOptions() {
  try {
    return parseArgs({ options: { json: { type: 'boolean' }, keep: { type: 'boolean' } } }).values
  } catch {
    process.stderr.write('usage: npm run demo -- [--json] [--keep]\n')
    process.exit(2)
  }
}

/** The homes are gone by then. */
function withoutHomes({ devices, ...rest }: Findings): Findings {
  return { devices: devices.map(({ deviceId, name }) => ({ deviceId, name })), ...rest }
}

function print(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document)}\n`)
}

function say(lines: readonly string[]): void {
  for (const line of lines) progress.line(line)
}
