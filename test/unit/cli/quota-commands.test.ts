/** What `store quota ...` asks of the agent, and the words it prints. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { QuotaUseView, QuotaView } from '../../../src/agent/http-types/device.ts'
import { parseSize, refuseSize } from '../../../src/cli/parse-size.ts'
import { painter } from '../../../src/cli/render/colour.ts'
import { displayWidth } from '../../../src/cli/render/display-width.ts'
import { quotaTable } from '../../../src/cli/render/quota-words.ts'
import { renderTable } from '../../../src/cli/render/table.ts'
import { cliHarness, type CliHarness } from './cli-harness.ts'

const PHONE = 'ab'.repeat(32)
const OF_MODULE: QuotaView = { id: 1, module: 'hearing', maxBytes: 200_000_000 }
const OF_BOTH: QuotaView = { id: 2, deviceId: PHONE, module: 'core', lane: 'logs', maxBytes: 2 ** 30 }
const OF_DEVICE: QuotaView = { id: 3, deviceId: PHONE, maxBytes: 2 ** 30 }
const USED: QuotaUseView['used'] = [
  { deviceId: PHONE, bytes: 150_000_000 },
  { deviceId: 'cd'.repeat(32), bytes: 7 },
]

let cli: CliHarness
let asked: unknown[]
let quotas: readonly QuotaUseView[]
beforeEach(async () => {
  asked = []
  quotas = [
    { ...OF_MODULE, used: USED },
    { ...OF_BOTH, used: USED.slice(0, 1) },
    { ...OF_DEVICE, used: [] },
  ]
  cli = cliHarness()
  const [path, capability] = ['/v1/store/quotas', 'cli'] as const
  await cli.serve([
    { method: 'GET', path, capability, handle: () => ({ json: { quotas } }) },
    {
      method: 'POST',
      path,
      capability,
      handle({ body }) {
        asked.push(JSON.parse(new TextDecoder().decode(body)))
        return { json: OF_BOTH }
      },
    },
    {
      method: 'DELETE',
      path: `${path}/:quota`,
      capability,
      handle({ params }) {
        asked.push(params)
        return { json: OF_MODULE }
      },
    },
    {
      method: 'GET',
      path: '/v1/devices',
      capability,
      handle: () => ({ json: { devices: [{ deviceId: PHONE, name: 'Phone' }], former: [] } }),
    },
  ])
})
afterEach(() => cli.remove())

describe('store quota', () => {
  test('[RE24] set asks for the source, the lane and the size, and says what is limited now', async () => {
    const argv = ['logs', '--device', 'Phone', '--module', 'core', '--size', '1GiB']
    const { stdout } = await cli.run('store', 'quota', 'set', ...argv)
    expect(asked).toEqual([{ lane: 'logs', device: 'Phone', module: 'core', maxBytes: 2 ** 30 }])
    expect(stdout).toContain('module core of Phone keeps 1 GiB of logs at most.')
    expect(stdout).toContain('aico-mesh store quota clear 2')
  })

  test('[RE24] set takes a module of each device, or a device, over all lanes', async () => {
    await cli.run('store', 'quota', 'set', '--module', 'hearing', '--size', '200MB')
    await cli.run('store', 'quota', 'set', '--device', 'Phone', '--size', '1G')
    expect(asked).toEqual([
      { module: 'hearing', maxBytes: 200_000_000 },
      { device: 'Phone', maxBytes: 2 ** 30 },
    ])
  })

  test('[RE24] list shows them, with nothing left out', async () => {
    const { stdout } = await cli.run('store', 'quota', 'list')
    expect(stdout).toMatch(/1 +each device +hearing +all together +191 MiB +143 MiB \(Phone\)/)
    expect(stdout).toMatch(/2 +Phone +core +logs +1 GiB +143 MiB$/m)
    expect(stdout).toMatch(/3 +Phone +all together +all together +1 GiB +nothing/)
    expect((await cli.run('--json', 'store', 'quota', 'list')).json).toEqual({ quotas })
    quotas = []
    expect((await cli.run('store', 'quota', 'list')).stdout.trim()).toBe('No source has a quota.')
  })

  test('[RE24] clear gives one up by its number', async () => {
    const { stdout } = await cli.run('store', 'quota', 'clear', '1')
    expect(stdout.trim()).toBe('Given up: module hearing of each device keeps 191 MiB at most.')
    expect(asked).toEqual([{ quota: '1' }])
  })

  test.each([
    { name: 'no size', argv: ['set', '--module', 'hearing'] },
    { name: 'no source', argv: ['set', '--size', '1GiB'] },
    { name: 'a lane alone', argv: ['set', 'logs', '--size', '1GiB'] },
    { name: 'a lane there is not', argv: ['set', 'spans', '--module', 'hearing', '--size', '1GiB'] },
    { name: 'a size without a unit', argv: ['set', '--module', 'hearing', '--size', '400'] },
    { name: 'a quota that is no number', argv: ['clear', 'hearing'] },
  ])('[CL17] $name is misuse', async ({ argv }) => {
    expect((await cli.run('store', 'quota', ...argv)).exit).toBe(2)
    expect(asked).toEqual([])
  })

  test.each([60, 80, 200])('[CL18] its table fits %i columns', (width) => {
    const { columns, rows } = quotaTable(
      [
        { ...OF_BOTH, module: 'otlp/checkout-service-with-a-long-name', used: [] },
        { ...OF_MODULE, used: USED },
      ],
      () => 'A phone with a long name',
    )
    const lines = renderTable(columns, rows, { width, paint: painter(false) }).split('\n')
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(width)
  })
})

describe('sizes', () => {
  test.each([
    ['500MiB', 500 * 2 ** 20],
    ['4GiB', 2 ** 32],
    ['1tib', 2 ** 40],
    ['2M', 2 ** 21],
    ['200MB', 200_000_000],
    ['1gb', 1_000_000_000],
  ])('[RE24] %s', (text, bytes) => {
    expect(refuseSize(text)).toBeUndefined()
    expect(parseSize(text)).toBe(bytes)
  })

  test.each(['', '5', 'MB', '1.5GB', '-1GB', '5KiB', '1000000MB', '5 MB', '5MiBs'])('[CL17] %j is none', (text) => {
    expect(refuseSize(text)).toBe('a size such as 500MiB or 4GiB')
  })
})
