/** Files through real agents: in, found again, out, and into a second device, where everything is the same. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TraceList, TraceView } from '../../src/agent/http-types/traces.ts'
import type { ImportSummary } from '../../src/cli/import/import-files.ts'
import { AgentProgram } from '../support/agent-program.ts'
import { listedLogs } from '../support/listed-logs.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures')
const OFFICIAL = ['trace', 'logs', 'metrics', 'events'].map((name) => join(FIXTURES, 'otlp', `${name}.json`))
const JAEGER = join(FIXTURES, 'jaeger', 'checkout.json')
const SIGNALS = ['traces', 'logs', 'metrics'] as const

const folder = mkdtempSync(join(tmpdir(), 'import-export-'))
const [first, second] = [new AgentProgram(), new AgentProgram()]

beforeAll(async () => {
  for (const [name, agent] of Object.entries({ first, second })) {
    await agent.ask('init', '--name', name)
    await agent.start('--otlp-port', '0', '--no-host-metrics')
    await agent.ask('stage', 'developer', '--yes')
  }
})
afterAll(async () => {
  await Promise.all([first.end(), second.end()])
  rmSync(folder, { recursive: true, force: true })
})

const path = (name: string): string => join(folder, name)
const importInto = (agent: AgentProgram, ...argv: readonly string[]) => agent.ask<ImportSummary>('import', ...argv)
async function exportOf(agent: AgentProgram, signal: string, ...argv: readonly string[]): Promise<Buffer> {
  const target = path(`${signal}-${readdirSync(folder).length}`)
  await agent.ask('export', '--signal', signal, '-o', target, ...argv)
  return readFileSync(target)
}
/** Messages of an export in one order: devices hold the same records in chunks of their own. */
async function recordsOf(agent: AgentProgram, signal: string): Promise<readonly string[]> {
  const lines = (await exportOf(agent, signal)).toString().trimEnd().split('\n')
  const [resources, scopes, records] = NAMES[signal as keyof typeof NAMES]
  return lines
    .flatMap((line) => (JSON.parse(line) as Tree)[resources] as readonly Tree[])
    .flatMap(({ [scopes]: inner, ...resource }) =>
      (inner as readonly Tree[]).flatMap(({ [records]: list, ...scope }) =>
        (list as readonly unknown[]).map((record) => JSON.stringify([resource, scope, record])),
      ),
    )
    .toSorted()
}
type Tree = Readonly<Record<string, unknown>>
const NAMES = {
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
} as const

test('[IM8] the official examples, Jaeger and a log file are taken, each as what it is', async () => {
  expect(await importInto(first, ...OFFICIAL)).toMatchObject({
    records: { traces: 1, logs: 2, metrics: 4 },
    rejected: 0,
  })
  expect(await importInto(first, JAEGER)).toMatchObject({ records: { traces: 3 }, rejected: 0 })
  const lines = Array.from(
    { length: 3_000 },
    (_, i) => `2026-11-22T12:00:${String(i % 60).padStart(2, '0')}Z INFO line ${i}`,
  )
  writeFileSync(path('app.log.gz'), gzipSync(lines.join('\n')))
  expect(await importInto(first, '--format', 'text', '--service', 'app', path('app.log.gz'))).toMatchObject({
    records: { logs: 3_000 },
    rejected: 0,
  })
})

test('[IM1] what was imported is found again', async () => {
  const { traces } = await first.ask<TraceList>('traces', 'list')
  expect(traces.map(({ traceId, modules }) => [traceId, modules])).toEqual(
    expect.arrayContaining([
      ['00000000000000003c191d03fa8be065', expect.arrayContaining(['otlp/shop', 'otlp/stock', 'otlp/mail'])],
      ['5b8efff798038103d269b633813fc60c', ['otlp/my.service']],
    ]),
  )
  const shown = await first.ask<TraceView>('traces', 'show', '00000000000000003c191d03fa8be065', '--attributes')
  expect(shown.spans.map(({ name, depth, status }) => [name, depth, status])).toEqual([
    ['GET /checkout', 0, 'error'],
    ['reserve', 1, 'unset'],
    ['send mail', 2, 'ok'],
  ])
  expect(shown.spans[0]?.attributes).toMatchObject({
    'http.status_code': '500',
    'jaeger.warnings': ['clock skew adjusted'],
  })
  const logs = await listedLogs(first, '--limit', '4000')
  expect(logs.filter(({ module }) => module === 'otlp/app')).toHaveLength(3_000)
})

test.each([
  { name: 'JSON lines', argv: [], imported: [] },
  {
    name: 'compressed protobuf',
    argv: ['--format', 'otlp-protobuf', '--compress', 'zstd'],
    imported: ['--format', 'auto'],
  },
])('[EX6] an export as $name makes a second device hold the same', async ({ argv, imported }) => {
  for (const signal of SIGNALS) {
    writeFileSync(path(`${signal}.export`), await exportOf(first, signal, ...argv))
    expect(await importInto(second, path(`${signal}.export`), ...imported)).toMatchObject({ rejected: 0 })
  }
  for (const signal of SIGNALS) {
    const wanted = await recordsOf(first, signal)
    // The second time they are copies: the same bytes, which are shown once.
    expect([...new Set(await recordsOf(second, signal))]).toEqual(wanted)
  }
  const trace = ['traces', 'show', '00000000000000003c191d03fa8be065', '--attributes'] as const
  const [one, other] = [await first.ask<TraceView>(...trace), await second.ask<TraceView>(...trace)]
  // Whose they are, and whether they are chained yet, is not what was exported.
  const facts = ({ spans }: TraceView) =>
    spans.map((span) => ({ ...span, deviceId: '', evidence: undefined, provenance: undefined }))
  expect(facts(other)).toEqual(facts(one))
  expect(other.spans.every(({ provenance }) => provenance !== 'conflict')).toBe(true)
})

test('[CL23] what logs --json prints is a file that can be imported', async () => {
  const { stdout } = await first.run('logs', '--json', '--module', 'otlp/my.service')
  writeFileSync(path('listed.jsonl'), stdout)
  const taken = await importInto(second, path('listed.jsonl'), '--signal', 'logs')
  expect(taken).toMatchObject({ records: { logs: stdout.split('"logRecords"').length - 1 }, rejected: 0 })
})

test('[EX4] one trace of many, and a module', async () => {
  const trace = (await exportOf(first, 'traces', '--trace', '3c19'.padStart(20, '0'))).toString()
  expect(trace.match(/"spanId"/g)?.length).toBeGreaterThan(0)
  expect(trace).not.toContain('5b8efff798038103d269b633813fc60c')
  expect((await exportOf(first, 'logs', '--module', 'otlp/my.service')).toString()).not.toContain('line 1')
})

test('[EX1] a lower stage exports what it shows, and imports nothing', async () => {
  await second.ask('stage', 'pro', '--yes')
  expect((await second.run('export', '--signal', 'logs', '-o', path('pro.jsonl'))).code).toBe(0)
  expect(await second.run('export', '--signal', 'traces')).toMatchObject({ code: 4, stdout: '' })
  expect(await second.run('import', JAEGER)).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('STAGE_TOO_LOW'),
  })
})
