/** The command line: finds the command, reads its options, runs it, and turns its end into words and an exit code. */
import { parseArgs } from 'node:util'
import { codeOf, MeshError } from '../base/errors.ts'
import { findHome } from '../platform/home.ts'
import { AgentClient } from './agent-client.ts'
import type { AgentHost } from './agent-host.ts'
import { EXIT, exitCodeOf, usage } from './cli-error.ts'
import type { Command } from './command.ts'
import { consentCommands } from './commands/consent-commands.ts'
import { deviceCommands } from './commands/device-commands.ts'
import { meshCommands } from './commands/mesh-commands.ts'
import { recordCommands } from './commands/record-commands.ts'
import { terminalOutput, type Output } from './output.ts'
import { PassphraseSource } from './passphrase.ts'
import { safeText } from './render/safe-text.ts'

const COMMANDS: readonly Command[] = [...deviceCommands, ...meshCommands, ...consentCommands, ...recordCommands]

const COMMON = {
  home: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  'passphrase-file': { type: 'string' },
} as const

/** @returns the exit code (docs/spec/cli.md) */
export async function runCli(argv: readonly string[], host: AgentHost, version: string): Promise<number> {
  const output = terminalOutput(argv.includes('--json'))
  try {
    return await runCommand(argv, host, version, output)
  } catch (err) {
    return reportError(err, output)
  }
}

async function runCommand(argv: readonly string[], host: AgentHost, version: string, output: Output): Promise<number> {
  const command = findCommand(argv)
  const { values, positionals } = parse(argv, command)
  if (values['version'] === true) {
    output.answer({ version }, () => version)
    return EXIT.ok
  }
  if (command === undefined || values['help'] === true) {
    const isAsked = values['help'] === true || positionals.length === 0
    if (!isAsked) throw usage(`there is no command \`${positionals.slice(0, 2).join(' ')}\`; see aico-mesh --help`)
    process.stdout.write(`${helpFor(command)}\n`)
    return EXIT.ok
  }
  const words = positionals.slice(command.name.split(' ').length)
  const [least, most] = command.words ?? [0, 0]
  if (words.length < least || words.length > most) throw usage(`usage: aico-mesh ${command.name} ${command.takes}`)
  const home = findHome(stringOf(values['home']), process.env)
  const passphrase = new PassphraseSource(host, home, stringOf(values['passphrase-file']), process.env)
  const client = new AgentClient({ host, home, passphrase })
  await command.run({ host, home, client, passphrase, output, options: values, words })
  return EXIT.ok
}

/** The command whose words come first among those that are no options, the longest name first. */
function findCommand(argv: readonly string[]): Command | undefined {
  const { positionals } = parseArgs({ args: [...argv], options: COMMON, allowPositionals: true, strict: false })
  return [...COMMANDS]
    .sort((a, b) => b.name.length - a.name.length)
    .find(({ name }) => name === positionals.slice(0, name.split(' ').length).join(' '))
}

function parse(argv: readonly string[], command: Command | undefined) {
  try {
    const options = { ...COMMON, ...command?.options }
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true })
    return { values: values as Readonly<Record<string, string | boolean | undefined>>, positionals }
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message : 'these options are not known')
  }
}

function helpFor(command: Command | undefined): string {
  if (command) return `aico-mesh ${command.name} ${command.takes}\n\n  ${command.help}`
  const width = Math.max(...COMMANDS.map(({ name }) => name.length))
  return [
    'aico-mesh [--home DIR] [--json] COMMAND',
    '',
    ...COMMANDS.map(({ name, help }) => `  ${name.padEnd(width)}  ${help}`),
    '',
    'aico-mesh COMMAND --help says what a command takes. Home: --home, $AICO_MESH_HOME, or the XDG data folder.',
    'Exit codes: 0 ok, 1 failed, 2 usage, 3 agent not running, 4 refused by policy.',
  ].join('\n')
}

function reportError(err: unknown, output: Output): number {
  const code = codeOf(err)
  if (!(err instanceof MeshError)) {
    process.stderr.write(`${err instanceof Error ? (err.stack ?? err.message) : String(err)}\n`)
  }
  const message = err instanceof MeshError ? err.message : 'unexpected failure'
  if (output.json && !output.hasAnswered()) output.answer({ error: { code, message } }, () => '')
  process.stderr.write(`${code}: ${safeText(message)}\n`)
  return exitCodeOf(err)
}

function stringOf(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
