import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TraceView } from '../../../src/agent/http-types/traces.ts'
import type { Route } from '../../../src/agent/http-server.ts'
import { cliHarness, type CliHarness } from './cli-harness.ts'
import { wholeTrace } from './sample-traces.ts'

const routes: readonly Route[] = [
  { method: 'GET', path: '/v1/traces/:trace', capability: 'cli', handle: () => ({ json: wholeTrace }) },
]

let cli: CliHarness
beforeEach(async () => {
  cli = cliHarness()
  await cli.serve(routes)
})
afterEach(() => cli.remove())

test('[CP7] --critical draws only the spans of the path', async () => {
  const { stdout } = await cli.run('traces', 'show', '0af7', '--critical')
  expect(stdout).toContain('move lips')
  expect(stdout).not.toContain('synthesise voice')
  expect((await cli.run('traces', 'show', '0af7')).stdout).toContain('synthesise voice')
})

test('[CP7] with --json it lists only them, and says all else as ever', async () => {
  const { json } = await cli.run('--json', 'traces', 'show', '0af7', '--critical')
  const { spans, ...rest } = json as TraceView
  const { spans: all, ...others } = wholeTrace
  expect(spans).toEqual(all.filter((span) => span.critical))
  expect(spans.length).toBeGreaterThan(0)
  expect(rest).toEqual(others)
})
