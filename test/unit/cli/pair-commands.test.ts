/** Pairing nearby on the command line, without a terminal: what is asked of the agent, and what is said. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { jsonBody, type Route } from '../../../src/agent/http-server.ts'
import type { ComparisonView } from '../../../src/agent/http-types/device.ts'
import { cliHarness, type CliHarness } from './cli-harness.ts'

const LAPTOP = 'efa9805e6ef7'.padEnd(64, '1')
const view: ComparisonView = {
  deviceId: LAPTOP,
  name: 'Laptop\u001b[2J',
  emoji: ['Dog', 'Cat', 'Lion', 'Horse', 'Unicorn', 'Pig', 'Light Bulb'].map((name) => ({ symbol: '*', name })),
  numbers: [1002, 1524, 3344],
  expiresAt: '2026-11-24T03:00:00.000Z',
  others: 1,
}

let cli: CliHarness
/** Bodies of what was asked, by path. */
let asked: (readonly [string, unknown])[]
beforeEach(async () => {
  cli = cliHarness()
  asked = []
  const answers = {
    '/v1/pair/nearby': view,
    '/v1/pair/confirm': { deviceId: LAPTOP, name: 'Laptop' },
    '/v1/pair/reject': {},
  }
  await cli.serve(
    Object.entries(answers).map(([path, json]): Route => ({
      method: 'POST',
      path,
      capability: 'cli',
      handle(request) {
        asked.push([path, jsonBody(request)])
        return { json }
      },
    })),
  )
})
afterEach(() => cli.remove())

async function linesOf(width: number, ...argv: readonly string[]): Promise<readonly string[]> {
  process.stdout.columns = width
  return (await cli.run(...argv)).stdout.trimEnd().split('\n')
}

test('[CL25] [CL5] a code is shown with what to run next, in the width, and without what steers a terminal', async () => {
  expect(await linesOf(60, 'pair', 'nearby')).toEqual([
    'Found Laptop. This device shows:',
    '',
    '  * Dog   * Cat   * Lion   * Horse',
    '  * Unicorn   * Pig   * Light Bulb',
    '',
    '  or as numbers: 1002 1524 3344',
    '',
    '1 other device nearby waits too. If Laptop is not the one',
    'you mean, say no and run it again.',
    'Compare with Laptop within a minute. Then run here, with the',
    'code that it shows:',
    '  aico-mesh pair confirm CODE',
    'or, if it shows another code:',
    '  aico-mesh pair reject',
  ])
})

test('[CL25] to a script the code is one document', async () => {
  const { exit, json, stderr } = await cli.run('--json', 'pair', 'nearby')
  expect([exit, json, stderr]).toEqual([0, { ...view, name: expect.any(String) as string }, ''])
})

test('[CL25] confirm passes on the words as they are, and says who is paired', async () => {
  const said = ['Paired with Laptop. Nothing is shared until one of you consents.']
  expect(await linesOf(80, 'pair', 'confirm', '1002', '1524', '3344')).toEqual(said)
  expect(await linesOf(80, 'pair', 'confirm', 'dog, cat, lion', 'horse')).toEqual(said)
  expect(asked).toEqual([
    ['/v1/pair/confirm', { code: '1002 1524 3344' }],
    ['/v1/pair/confirm', { code: 'dog, cat, lion horse' }],
  ])
})

test('[CL25] reject says what has become of it', async () => {
  expect(await linesOf(80, 'pair', 'reject')).toEqual(['The pairing has ended on both devices. Nothing was shared.'])
  expect(asked).toEqual([['/v1/pair/reject', {}]])
})

test('[CL17] [CL25] confirm without a code is a misuse, found before anything is asked', async () => {
  expect((await cli.run('pair', 'confirm')).exit).toBe(2)
  expect(asked).toEqual([])
})
