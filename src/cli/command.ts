/** What a command is: its name, what it takes, and what it does with a client and an output. */
import type { ParseArgsOptionsConfig } from 'node:util'
import type { AgentClient } from './agent-client.ts'
import type { AgentHost } from './agent-host.ts'
import type { Output } from './output.ts'
import type { PassphraseSource } from './passphrase.ts'

export interface CommandContext {
  readonly host: AgentHost
  readonly home: string
  readonly client: AgentClient
  readonly passphrase: PassphraseSource
  readonly output: Output
  readonly options: Readonly<Record<string, string | boolean | undefined>>
  /** Words after the command's name. */
  readonly words: readonly string[]
}

export interface Command {
  /** Words that select it, such as `consent grant`. */
  readonly name: string
  /** What follows the name, for the help. */
  readonly takes: string
  readonly help: string
  readonly options?: ParseArgsOptionsConfig
  /** Fewest and most words after the name. */
  readonly words?: readonly [least: number, most: number]
  run(context: CommandContext): Promise<void>
}
