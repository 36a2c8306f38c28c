/** What `store ...` asks of the agent, and the words it prints. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HoldView, RetentionView, StoreStatsView } from '../../../src/agent/http-types/device.ts'
import { displayWidth } from '../../../src/cli/render/display-width.ts'
import { goneTable, laneTable, sourceTable, type TableWords } from '../../../src/cli/render/store-words.ts'
import { painter } from '../../../src/cli/render/colour.ts'
import { renderTable } from '../../../src/cli/render/table.ts'
import { cliHarness, type CliHarness } from './cli-harness.ts'

const DAY_MS = 86_400_000
const ME = 'ab'.repeat(32)
const NOW = Date.now()
const LIMITS: RetentionView = {
  traces: { maxAgeDays: 14, maxBytes: 2 ** 31 },
  logs: { maxAgeDays: 30, maxBytes: 2 ** 30 },
  documents: { maxAgeDays: 365, maxBytes: 512 * 2 ** 20 },
  metrics: { maxAgeDays: 30, maxBytes: 2 ** 29 },
}
const gone = {
  reason: 'size',
  segments: 12,
  records: 6_144,
  bytes: 400_000,
  firstUnixMs: NOW - DAY_MS,
  lastUnixMs: NOW - 3_600_000,
} as const
const kept = { segments: 900, records: 10_000_000, bytes: 580_000_000, sinceUnixMs: NOW - 3 * DAY_MS, gone: [gone] }
const nothing = { segments: 0, records: 0, bytes: 0, sinceUnixMs: null, gone: [], sources: [] }
const STATS: StoreStatsView = {
  lanes: [
    {
      lane: 'traces',
      openRecords: 0,
      limits: LIMITS.traces,
      ...kept,
      sources: [{ deviceId: ME, module: 'otlp/checkout-service-with-a-long-name', ...kept }],
    },
    { lane: 'logs', openRecords: 0, limits: LIMITS.logs, ...nothing },
    { lane: 'metrics', openRecords: 0, limits: LIMITS.metrics, ...nothing },
  ],
  openRecords: 3,
  holds: 1,
  quotas: 0,
  disk: { packBytes: 590_000_000, databaseBytes: 190_000_000, freeBytes: 1_048_576 },
  index: { tailSegments: 4, tailBytes: 100, parts: 2, blocks: 10, blockBytes: 86_000, cachedBytes: 0 },
}
const HOLD: HoldView = {
  id: 3,
  createdUnixMs: NOW - DAY_MS,
  reason: 'complaint 12',
  scope: { kind: 'range', fromUnixMs: Date.UTC(2026, 10, 20), toUnixMs: Date.UTC(2026, 10, 21), module: 'core' },
}

let cli: CliHarness
let asked: unknown[]
beforeEach(async () => {
  asked = []
  cli = cliHarness()
  const route = (method: 'GET' | 'POST' | 'DELETE', path: string, json: unknown) => ({
    method,
    path,
    capability: 'cli' as const,
    handle: ({ body, params }: { body: Uint8Array; params: Readonly<Record<string, string>> }) => {
      if (method !== 'GET') asked.push(body.length === 0 ? params : JSON.parse(new TextDecoder().decode(body)))
      return { json }
    },
  })
  await cli.serve([
    route('GET', '/v1/store', STATS),
    route('GET', '/v1/store/retention', LIMITS),
    route('POST', '/v1/store/retention', { ...LIMITS, traces: { maxAgeDays: 30, maxBytes: 2 ** 32 } }),
    route('GET', '/v1/store/holds', { holds: [HOLD] }),
    route('POST', '/v1/store/holds', HOLD),
    route('DELETE', '/v1/store/holds/:hold', HOLD),
    route('GET', '/v1/devices', { devices: [{ deviceId: ME, name: 'Tablet' }], former: [] }),
  ])
})
afterEach(() => cli.remove())

describe('store stats', () => {
  test('[RE18] says what is kept, since when, what is gone and why, and bytes a record', async () => {
    const { stdout, exit } = await cli.run('store', 'stats')
    expect(exit).toBe(0)
    expect(stdout).toContain('10,000,003 records here, 744 MiB on disk, 78 B a record with all indexes.')
    expect(stdout).toContain('1 hold: aico-mesh store holds')
    expect(stdout).toMatch(/traces +10,000,000 +3 d ago +553 MiB +58 B +2 GiB +14 days/)
    expect(stdout).toMatch(/Tablet +otlp\/checkout-service-with-a-long-name +traces +10,000,000/)
    expect(stdout).toMatch(/Tablet +otlp\/checkout-service-with-a-long-name +traces +6,144 +391 KiB +no room +1 h ago/)
  })

  test('[RE18] --json is the answer itself', async () => {
    expect((await cli.run('--json', 'store', 'stats')).json).toEqual(STATS)
  })

  test.each([60, 80, 200])('[CL18] its tables fit %i columns', (width) => {
    const nameOf = () => 'A tablet with a long name'
    const tables = [laneTable(STATS, NOW), sourceTable(STATS, nameOf, NOW, 20), goneTable(STATS, nameOf, NOW, 20)]
    const lines = tables.flatMap(({ columns, rows }: TableWords) =>
      renderTable(columns, rows, { width, paint: painter(false) }).split('\n'),
    )
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(width)
  })
})

describe('store retention', () => {
  test('[RE1] shows the limits of every lane, or of one', async () => {
    const all = (await cli.run('store', 'retention')).stdout
    expect(all.split('\n')).toContain('traces: kept for 14 days, in 2 GiB at most.')
    expect(all.split('\n')).toContain('metrics: kept for 30 days, in 512 MiB at most.')
    expect((await cli.run('store', 'retention', 'logs')).stdout.trim()).toBe(
      'logs: kept for 30 days, in 1 GiB at most.',
    )
  })

  test('[RE19] changes those of one', async () => {
    const { stdout } = await cli.run('store', 'retention', 'traces', '--age', '30', '--size', '4GiB')
    expect(asked).toEqual([{ lane: 'traces', maxAgeDays: 30, maxBytes: 2 ** 32 }])
    expect(stdout.trim()).toBe('traces: kept for 30 days, in 4 GiB at most.')
  })

  test.each([
    { name: 'no lane', argv: ['--age', '30'] },
    { name: 'a lane there is not', argv: ['spans'] },
    { name: 'no whole days', argv: ['logs', '--age', '1.5'] },
    { name: 'more than ten years', argv: ['logs', '--age', '3651'] },
    { name: 'a size without a unit', argv: ['logs', '--size', '400'] },
  ])('[CL17] $name is misuse', async ({ argv }) => {
    expect((await cli.run('store', 'retention', ...argv)).exit).toBe(2)
    expect(asked).toEqual([])
  })
})

describe('holds', () => {
  test('[RE20] one on a trace, one on a time', async () => {
    await cli.run('store', 'hold', 'abcd', '--reason', 'why')
    const since = ['--since', '2026-11-20', '--until', '2026-11-21']
    const { stdout } = await cli.run('store', 'hold', ...since, '--module', 'core', '--reason', 'why')
    const range = { fromUnixMs: Date.UTC(2026, 10, 20), toUnixMs: Date.UTC(2026, 10, 21), module: 'core' }
    expect(asked).toEqual([
      { reason: 'why', trace: 'abcd' },
      { reason: 'why', ...range },
    ])
    expect(stdout).toContain('Held: 2026-11-20T00:00:00Z to 2026-11-21T00:00:00Z, module core.')
    expect(stdout).toContain('aico-mesh store release 3')
  })

  test('[RE20] are listed with their reasons, and given up by number', async () => {
    expect((await cli.run('store', 'holds')).stdout).toMatch(/3 +2026-11-20.* module core +complaint 12 +1 d ago/)
    expect((await cli.run('store', 'release', '3')).stdout.trim()).toBe('Not held any more: complaint 12.')
    expect(asked).toEqual([{ hold: '3' }])
  })

  test.each([
    { name: 'no reason', argv: ['hold', 'abcd'] },
    { name: 'nothing to hold', argv: ['hold', '--reason', 'why'] },
    { name: 'a trace and a time', argv: ['hold', 'abcd', '--since', '2h', '--reason', 'why'] },
    { name: 'a time that ends before it begins', argv: ['hold', '--since', '1h', '--until', '2h', '--reason', 'why'] },
    { name: 'a time of no length', argv: ['hold', '--since', '1h', '--until', '1h', '--reason', 'why'] },
    { name: 'a time that has not begun', argv: ['hold', '--since', '2999-01-01', '--reason', 'why'] },
    { name: 'an end that is no time', argv: ['hold', '--since', '1h', '--until', 'all', '--reason', 'why'] },
    { name: 'a hold that is no number', argv: ['release', 'first'] },
  ])('[CL17] $name is misuse', async ({ argv }) => {
    expect((await cli.run('store', ...argv)).exit).toBe(2)
    expect(asked).toEqual([])
  })
})
