import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HelpPage } from '../../../src/cli/help.ts'
import { displayWidth } from '../../../src/cli/render/display-width.ts'
import { cliHarness, type CliHarness } from './cli-harness.ts'

let cli: CliHarness
beforeEach(() => {
  cli = cliHarness()
})
afterEach(() => cli.remove())

const GROUPS = ['modules', 'pair', 'devices', 'consent', 'traces', 'audit']

async function pageOf(...words: readonly string[]): Promise<HelpPage> {
  return (await cli.run('help', ...words, '--json')).json as HelpPage
}

async function commandNames(): Promise<readonly string[]> {
  return (await pageOf()).commands.map(({ name }) => name)
}

describe('every page', () => {
  test('[CL16] fits 80 columns, without spaces at the end of lines', async () => {
    for (const topic of ['', ...GROUPS, ...(await commandNames())]) {
      const { exit, stdout, stderr } = await cli.run('help', ...topic.split(' ').filter(Boolean))
      expect([topic, exit, stderr]).toEqual([topic, 0, ''])
      for (const line of stdout.split('\n')) {
        expect(displayWidth(line), line).toBeLessThanOrEqual(80)
        expect(line).toBe(line.trimEnd())
      }
    }
  })

  test('[CL16] of a command says every option in words and has an example of it', async () => {
    for (const name of await commandNames()) {
      const page = await pageOf(...name.split(' '))
      expect(page.usage).toMatch(new RegExp(`^aico-mesh ${name}(?: |$)`))
      expect(page.examples.length, name).toBeGreaterThan(0)
      for (const example of page.examples) expect(example).toMatch(new RegExp(`^aico-mesh ${name}(?: |$)`))
      for (const option of page.options)
        expect([name, option.name, option.help.length > 9]).toEqual([name, option.name, true])
    }
  })

  test('[CL16] of the program names every option that all commands take', async () => {
    const { stdout } = await cli.run('--help')
    for (const option of ['--home DIR', '--json', '--passphrase-file FILE', '--help', '--version']) {
      expect(stdout).toContain(option)
    }
    expect(stdout).toContain('the start of its id')
  })
})

describe('asking for help', () => {
  test('[CL16] help COMMAND, COMMAND --help and --help COMMAND are one page', async () => {
    const want = await cli.run('help', 'consent', 'grant')
    expect(want.stdout).toContain('--lanes A,B      kinds of records: traces, logs, metrics, audit, documents')
    expect(want.stdout).toContain('default today, 00:00 UTC')
    for (const argv of [
      ['consent', 'grant', '--help'],
      ['--help', 'consent', 'grant'],
      ['consent', '-h', 'grant'],
    ]) {
      expect((await cli.run(...argv)).stdout).toBe(want.stdout)
    }
  })

  test('[CL16] a command that others begin with names them', async () => {
    const { stdout } = await cli.run('help', 'peers')
    expect(stdout).toContain('Also: peers show, peers limit. More of one: aico-mesh help peers show')
    expect((await cli.run('help', 'peers', 'show')).stdout).not.toContain('Also:')
  })

  test('[CL16] a group shows its own commands only', async () => {
    for (const argv of [
      ['pair', '--help'],
      ['help', 'pair'],
    ]) {
      const { exit, stdout } = await cli.run(...argv)
      expect([exit, stdout.match(/^ {2}[a-z]+ [a-z]+/gm)]).toEqual([
        0,
        ['  pair invite', '  pair join', '  pair nearby', '  pair confirm', '  pair reject'],
      ])
    }
  })

  test('[CL16] a group within a group too', async () => {
    const { exit, stdout } = await cli.run('help', 'store', 'quota')
    const commands = ['  store quota list', '  store quota set', '  store quota clear']
    expect([exit, stdout.match(/^ {2}[a-z]+ [a-z]+ [a-z]+/gm)]).toEqual([0, commands])
  })

  test('[CL16] with --json it is one document', async () => {
    expect((await cli.run('--json')).json).toEqual((await cli.run('--json', '--help')).json)
    expect((await cli.run('start', '--help', '--json')).json).toMatchObject({
      usage: 'aico-mesh start [--otlp-port N] [--no-host-metrics] [--log LEVEL]',
      help: 'run the agent in the foreground; Ctrl-C ends it',
      options: expect.arrayContaining([
        {
          name: '--log',
          short: null,
          value: 'LEVEL',
          help: expect.stringContaining('silent') as string,
          common: false,
        },
        { name: '--json', short: null, value: null, help: expect.any(String) as string, common: true },
      ]) as unknown[],
    })
  })

  test.each([
    [['traces'], '`traces` needs one of list, show, search; see aico-mesh traces --help'],
    [
      ['consent', 'gramt'],
      'there is no command `consent gramt`; did you mean `consent grant`? see aico-mesh consent --help',
    ],
    [['store', 'quota'], '`store quota` needs one of list, set, clear; see aico-mesh store quota --help'],
    [
      ['store', 'quota', 'sett'],
      'there is no command `store quota sett`; did you mean `store quota set`? see aico-mesh store quota --help',
    ],
    [['trace', 'list'], 'there is no command `trace list`; did you mean `traces list`? see aico-mesh --help'],
    [['statsu'], 'there is no command `statsu`; did you mean `status`? see aico-mesh --help'],
    [['help', 'dance'], 'there is no command `dance`; see aico-mesh --help'],
    [['dance', '--help'], 'there is no command `dance`; see aico-mesh --help'],
    [['traces', 'list', '--limt', '3'], 'there is no option --limt here; did you mean --limit?'],
    [['--limt', '3', 'traces', 'list'], 'there is no option --limt here; did you mean --limit?'],
  ])('[CL17] %j says what was meant', async (argv, message) => {
    const { exit, stdout, stderr } = await cli.run(...argv)
    expect([exit, stdout, stderr]).toEqual([2, '', `CLI_USAGE: ${message}\n`])
  })
})
