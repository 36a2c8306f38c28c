/** The command line: finds the command, reads its options, runs it, and turns its end into words and an exit code. */
import { codeOf, MeshError } from '../base/errors.ts'
import { findHome } from '../platform/home.ts'
import { nodeClock } from '../platform/node-clock.ts'
import { AgentClient } from './agent-client.ts'
import type { AgentHost } from './agent-host.ts'
import { ALL_OPTIONS, COMMON_OPTIONS, findCommand, pageFor, unknownCommand } from './command-list.ts'
import { EXIT, exitCodeOf, usage } from './cli-error.ts'
import { renderHelpPage, usageOf } from './help.ts'
import { terminalOutput, type Output } from './output.ts'
import { PassphraseSource } from './passphrase.ts'
import { readOptions, wordsOf } from './read-options.ts'
import { safeText } from './render/safe-text.ts'

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
  const [first, ...others] = wordsOf(argv, ALL_OPTIONS)
  const topic = first === undefined || first === 'help' ? others : [first, ...others]
  const command = findCommand(topic)
  const { values } = readOptions(argv, command === undefined ? ALL_OPTIONS : { ...COMMON_OPTIONS, ...command.options })
  if (values['version'] === true) {
    output.answer({ version }, () => version)
    return EXIT.ok
  }
  if (first === undefined || first === 'help' || values['help'] === true) {
    const page = pageFor(topic)
    output.answer(page, () => renderHelpPage(page, output.width))
    return EXIT.ok
  }
  if (command === undefined) throw unknownCommand(topic)
  const words = topic.slice(command.name.split(' ').length)
  const [least, most] = command.words ?? [0, 0]
  if (words.length < least || words.length > most) throw usage(`usage: ${usageOf(command)}`)
  const home = findHome(stringOf(values['home']), process.env)
  const passphrase = new PassphraseSource(host, home, stringOf(values['passphrase-file']), process.env)
  const client = new AgentClient({ clock: nodeClock, host, home, passphrase })
  await command.run({ host, home, client, passphrase, output, options: values, words })
  return EXIT.ok
}

function reportError(err: unknown, output: Output): number {
  const code = codeOf(err)
  const message = err instanceof MeshError ? err.message : `unexpected failure: ${messageOf(err)}`
  if (output.json && !output.hasAnswered()) output.answer({ error: { code, message } }, () => '')
  process.stderr.write(`${code}: ${safeText(message)}\n`)
  if (!(err instanceof MeshError) && isDebugging()) output.hint(err instanceof Error ? (err.stack ?? '') : '')
  return exitCodeOf(err)
}

function messageOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err)
}

/** Where a bug happened is for those who look for it. */
function isDebugging(): boolean {
  return ['debug', 'trace'].includes(process.env['AICO_MESH_LOG'] ?? '')
}

function stringOf(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
