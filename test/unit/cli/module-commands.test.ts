/** What `modules set` and `modules show` ask of the agent, and the words they print. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ModuleView, RecordingRuleView } from '../../../src/agent/http-types/device.ts'
import { parseRatio, refuseRatio } from '../../../src/cli/parse-ratio.ts'
import { cliHarness, type CliHarness } from './cli-harness.ts'

let cli: CliHarness
let asked: unknown[]
let droppedMessages: number
let recording: readonly RecordingRuleView[]
beforeEach(async () => {
  asked = []
  droppedMessages = 0
  recording = []
  cli = cliHarness()
  const view = (): { json: ModuleView } => ({
    json: { module: 'core', credential: '/core.json', endpoint: null, sessions: 1, droppedMessages, recording },
  })
  const [path, capability] = ['/v1/modules/:module', 'cli'] as const
  await cli.serve([
    { method: 'GET', path, capability, handle: view },
    {
      method: 'POST',
      path: `${path}/recording`,
      capability,
      handle({ params, body }) {
        asked.push([params['module'], JSON.parse(new TextDecoder().decode(body))])
        return view()
      },
    },
    {
      method: 'DELETE',
      path: `${path}/recording`,
      capability,
      handle({ params, query }) {
        asked.push([params['module'], query.get('topic')])
        return view()
      },
    },
  ])
})
afterEach(() => cli.remove())

describe('modules set', () => {
  test.each([
    { argv: ['--level', 'info'], asks: { level: 'info' } },
    { argv: ['--sample', '10%'], asks: { sample: 0.1 } },
    {
      argv: ['--topic', 'talk/', '--level', 'debug', '--sample', '0.25'],
      asks: { topic: 'talk/', level: 'debug', sample: 0.25 },
    },
    { argv: ['--topic', 'talk/', '--reset'], asks: 'talk/' },
    { argv: ['--reset'], asks: null },
  ])('[RD6] asks for $argv', async ({ argv, asks }) => {
    const { exit } = await cli.run('modules', 'set', 'core', ...argv)
    expect([exit, asked]).toEqual([0, [['core', asks]]])
  })

  test.each([
    { name: 'nothing', argv: [] },
    { name: 'a topic alone', argv: ['--topic', 'talk/'] },
    { name: 'a rule and its end', argv: ['--level', 'info', '--reset'] },
    { name: 'a level above error', argv: ['--level', 'fatal'] },
    { name: 'no level at all', argv: ['--level', 'silent'] },
    { name: 'more than all traces', argv: ['--sample', '1.5'] },
    { name: 'no number', argv: ['--sample', 'some'] },
  ])('[RD3] [RD9] [CL17] $name is a misuse', async ({ argv }) => {
    const { exit } = await cli.run('modules', 'set', 'core', ...argv)
    expect([exit, asked]).toEqual([2, []])
  })

  test('[RD4] [RD6] what holds then is said, and in JSON what is set', async () => {
    recording = [
      { topic: '', level: 'error', sample: 0.125 },
      { topic: 'talk/', level: 'debug', sample: null },
      { topic: 'talk/turn', level: null, sample: 1 },
    ]
    const { stdout } = await cli.run('modules', 'set', 'core', '--level', 'error')
    expect(stdout.trimEnd().split('\n')).toEqual([
      'core: 1 connection. What it records:',
      '',
      'topic       log records     traces',
      'all         errors          12.5 %',
      'talk/*      debug and more  12.5 %',
      'talk/turn*  debug and more     all',
      '',
      'Everything else as the stage collects it. Errors, audit events and notifications are always kept.',
    ])
    const json = await cli.run('--json', 'modules', 'show', 'core')
    expect(JSON.parse(json.stdout)).toMatchObject({ module: 'core', recording })
  })
})

test('[RD3] modules show says that everything is recorded where nothing is set', async () => {
  const { stdout } = await cli.run('modules', 'show', 'core')
  expect(stdout.trimEnd()).toBe('core: 1 connection. It records everything that the stage collects.')
})

test('[CL18] modules show fits the terminal, whatever it has to say', async () => {
  droppedMessages = 12_000
  const { stdout } = await cli.run('modules', 'show', 'core')
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
  expect(stdout.replaceAll('\n', ' ')).toContain('12,000 messages missed: too slow, or gone. It records everything')
})

test.each([
  { text: '0', ratio: 0 },
  { text: '1', ratio: 1 },
  { text: '.5', ratio: 0.5 },
  { text: '0.001', ratio: 0.001 },
  { text: '100%', ratio: 1 },
  { text: '12.5%', ratio: 0.125 },
])('[RD3] $text is a ratio', ({ text, ratio }) => {
  expect([refuseRatio(text), parseRatio(text)]).toEqual([undefined, ratio])
})

test.each(['', '-1', '1.1', '101%', '1/2', '1e-3', '5 %', 'NaN'])('[RD3] "%s" is none', (text) => {
  expect(refuseRatio(text)).toMatch(/0 to 1/)
})
