/** What a command is: its name, what it takes, its words of help, and what it does with a client and an output. */
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

export interface SwitchOption {
  readonly type: 'boolean'
  readonly help: string
  readonly short?: string
}
export interface ValueOption {
  readonly type: 'string'
  /** Stands for the value in the help, such as `DEVICE`. */
  readonly value: string
  readonly help: string
  readonly short?: string
  readonly isRequired?: true
  /** @returns what values are taken, if this one is not */
  readonly refuse?: (text: string) => string | undefined
}
export type Option = SwitchOption | ValueOption
/** By name, without the two dashes, in the order of the help. */
export type Options = Readonly<Record<string, Option>>

export interface Command {
  /** Words that select it, such as `consent grant`. */
  readonly name: string
  /** Words that follow the name, for the help. Options are told by themselves. */
  readonly takes: string
  /** One line, without a full stop. */
  readonly help: string
  /** Paragraphs of what else there is to know. */
  readonly details?: readonly string[]
  /** Whole command lines, without the program's name. */
  readonly examples: readonly string[]
  readonly options?: Options
  /** Fewest and most words after the name. */
  readonly words?: readonly [least: number, most: number]
  run(context: CommandContext): Promise<void>
}
