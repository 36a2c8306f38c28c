/**
 * An hour with AICO at the casual stage: the real modules, as many turns, records and failures as an hour has, one after the other
 * without a pause, and a crash in the middle. What is on the disk then, what listens, and what the person is told.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sendWords } from '../../examples/aico/words-over-http.ts'
import { Processes } from '../../scripts/demo/processes.ts'
import { connect, type Module } from '../../src/sdk/index.ts'
import { readCredential } from '../../src/wire/bus-credential.ts'
import { decodeLogRecords } from '../../src/wire/otlp/decode-logs.ts'
import { RawModule } from '../contract/bus-harness.ts'
import { AgentProgram } from '../support/agent-program.ts'
import { eachPayloadOf } from '../support/kept-payloads.ts'
import { logs, manySpans, metrics } from '../support/otlp-records.ts'
import { waitFor } from '../support/wait-for.ts'
import { HomeSearch, withStore } from './home-search.ts'
import { socketsOf, treeOf, type OpenSocket } from './process-tree.ts'

const TURNS = 120
const AT_ONCE = 8
/** Of the module that is only here to record: one a second. */
const SECONDS = 3_600
/** Seconds between two failures. */
const FAILS_EVERY = 600
const ERROR_SEVERITY = 17
const MODULES = ['emotion', 'memory', 'core', 'hearing', 'vision', 'older']
/** What the device is, what the failures are in, and how much of what was refused. No word of a record but of these. */
const MAY_HAVE_ROWS = (
  'setting membership_op module counter notification error_state log epoch segment head pack journal arrival delivery ' +
  'posting_tail posting_shared posting_part posting_block trace_summary metric_feed sqlite_sequence'
).split(' ')
const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples', 'aico')
/** Never to be found again, by the kind of record they were in. */
const WORDS = {
  utterance: 'marzipan',
  line: 'quince',
  field: 'medlar',
  span: 'damson',
  attribute: 'bullace',
  metric: 'sloe.berries',
  label: 'rowan',
  message: 'juniper',
  'a module that knows no stages': 'severity 9',
}
/** What is kept. */
const FAILURE = 'the camera is covered'

const folder = mkdtempSync(join(tmpdir(), 'casual-hour-'))
const agent = new AgentProgram()
const processes = new Processes({ keep: false })
const signal = AbortSignal.timeout(150_000)
const sockets: OpenSocket[] = []
let vision: Module

beforeAll(async () => {
  await agent.ask('init', '--name', 'laptop')
  await agent.start()
  await useForAnHour()
}, 180_000)
afterAll(async () => {
  await vision?.close({ timeoutMs: 0 })
  await processes.stop()
  await agent.end()
  rmSync(folder, { recursive: true, force: true })
})

async function useForAnHour(): Promise<void> {
  const microphone = await startModules()
  vision = connect({ credential: await credentialOf('vision'), global: false })
  vision.subscribe('conversation/', (message) => vision.logger.info({ topic: message.topic }, WORDS.line))
  lookForSockets()
  await talk(microphone, TURNS / 2)
  record(0, SECONDS / 2)
  agent.kill('SIGKILL')
  await agent.ended()
  record(SECONDS / 2, SECONDS)
  await agent.start()
  lookForSockets()
  // A turn fails while the core waits for a memory that is not back yet.
  await waitFor('the modules to be back', () => say(microphone))
  await talk(microphone, TURNS / 2)
  await recordWithoutAskingForTheStage()
  expect(await vision.flush({ timeoutMs: 30_000 })).toBe(true)
  lookForSockets()
  await processes.stop() // each flushes what it has
}

/** @returns where to speak to them */
async function startModules(): Promise<string> {
  // Stock OpenTelemetry, which reports to nobody at this stage.
  const body = await start('embodiment', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
  await startOnBus('emotion')
  await startOnBus('memory')
  const mind = await startOnBus('core', { EMBODIMENT_URL: body })
  return startOnBus('hearing', { CORE_URL: mind })
}

async function startOnBus(module: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  return start(module, { ...env, AICO_MESH_MODULE: await credentialOf(module) })
}

async function start(module: string, env: Readonly<Record<string, string>>): Promise<string> {
  const args = [join(EXAMPLES, `${module}.ts`)]
  const logFile = join(folder, `${module}.log`)
  return String((await processes.start({ title: module, role: 'module', args, env, logFile }, signal))['url'])
}

async function credentialOf(module: string): Promise<string> {
  return (await agent.ask<{ credential: string }>('modules', 'add', module)).credential
}

async function talk(microphone: string, turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => say(microphone)))
    lookForSockets()
  }
}

function say(microphone: string): Promise<unknown> {
  return sendWords(microphone, { text: `what of the ${WORDS.utterance}?` }, {})
}

/** A second has a span, a line in it, a measured value and a message, and now and then a failure. */
function record(from: number, to: number): void {
  const seen = vision.meter.createCounter(WORDS.metric)
  for (let second = from; second < to; second++) {
    vision.tracer.startActiveSpan(WORDS.span, { attributes: { seen: WORDS.attribute } }, (span) => {
      vision.logger.info({ second, field: WORDS.field }, WORDS.line)
      if (second % 60 === 0) vision.logger.warn(WORDS.line)
      seen.add(1, { kind: WORDS.label })
      span.end()
    })
    if (second % 60 === 0) vision.publish('vision/seen', WORDS.message)
    if (second % FAILS_EVERY === 0) vision.captureError(new Error(FAILURE))
  }
  vision.notify('The camera is covered')
}

/** What a module may send that has never heard of stages. */
async function recordWithoutAskingForTheStage(): Promise<void> {
  const read = readCredential(JSON.parse(readFileSync(await credentialOf('older'), 'utf8')))
  if ('bad' in read) throw new Error(read.bad)
  using older = new RawModule(read.credential)
  await older.greet()
  const batches = { traces: manySpans('older', 1, 1, 100), logs: logs('older', 5, 9, 13), metrics: metrics('older', 7) }
  for (const [seq, lane] of (['traces', 'logs', 'metrics'] as const).entries()) {
    await older.send({ kind: 'telemetry', seq, signal: lane, encoding: 'protobuf', body: batches[lane] })
    expect(await older.receive()).toMatchObject({ kind: 'ack', seq })
  }
}

function lookForSockets(): void {
  sockets.push(...treeOf(agent.pid).flatMap(socketsOf))
}

test('[STG1] [STG2] the store holds the failures, each once, and no span, no metric and no other log', async () => {
  const kept: string[] = []
  const severities: number[] = []
  await eachPayloadOf(agent.home, ({ lane, module, payload }) => {
    kept.push(`${lane} of ${module}`)
    if (lane === 'logs') severities.push(...decodeLogRecords(payload).map(({ severityNumber }) => severityNumber))
  })
  expect(new Set(kept)).toEqual(new Set(['logs of vision']))
  expect(severities).toEqual(Array.from({ length: SECONDS / FAILS_EVERY }, () => ERROR_SEVERITY))
})

test('[STG1] [STG2] no table but those of the failures, and of what the agent is, has a row', async () => {
  const filled = await withStore(agent.home, (db) => {
    const tables = db.prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all()
    return tables.filter((table) => db.prepare(`SELECT 1 FROM "${table}" LIMIT 1`).get() !== undefined)
  })
  expect(filled.filter((table) => !MAY_HAVE_ROWS.includes(table))).toEqual([])
})

test('[STG1] [STG2] no word of an utterance, a line, a span, a metric or a message is anywhere in the home', async () => {
  const home = await HomeSearch.of(agent.home)
  expect(home.holds(FAILURE)).toBe(true)
  expect(Object.entries(WORDS).filter(([, word]) => home.holds(word))).toEqual([])
})

test('[STG2] there is no file but the device’s own', () => {
  const files = readdirSync(agent.home, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => relative(agent.home, join(parentPath, name)))
  expect(files.sort()).toEqual(
    [
      ...'keys.json master.key token lock.db reserve run/agent.sock packs/00000001.pack'.split(' '),
      ...['store.db', 'audit.db'].flatMap((file) => [file, `${file}-shm`, `${file}-wal`]),
      ...MODULES.flatMap((module) => [`modules/${module}.json`, `run/bus/${module}.sock`]),
    ].sort(),
  )
})

test.runIf(existsSync('/proc/self/net'))('[STG5] no TCP or UDP port was open at any time', () => {
  expect(sockets).toEqual([])
})

describe('in words', () => {
  /** What only somebody who builds such things says. */
  const TECHNICAL =
    /\b(?:spans?|traces?|tracing|telemetry|metrics?|otlp|endpoint|ports?|exceptions?|stacks?|segments?|epochs?|payload|null|undefined|socket|bus|hash|json|mesh|id)\b|[0-9a-f]{16}|\b[A-Z]+_[A-Z_]+\b|\.ts:\d/gi

  test.each([['status'], ['notifications'], ['errors'], ['logs']])(
    '[CL24] %s says no technical word',
    async (command) => {
      const { stdout, stderr } = await agent.run(command)
      // What a program is told by comes before the colon (CL4); its name is what a person types.
      const said = (stdout + stderr).replace(/^[A-Z_]+: /gm, '').replaceAll('aico-mesh', '')
      expect(said.trim()).not.toBe('')
      expect(said.match(TECHNICAL) ?? []).toEqual([])
    },
  )
})
