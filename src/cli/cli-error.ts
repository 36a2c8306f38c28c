/** What a command ends with when it does not end well. */
import { MeshError } from '../base/errors.ts'

/** Exit codes of every command (docs/spec/cli.md). */
export const EXIT = { ok: 0, failed: 1, usage: 2, notRunning: 3, refused: 4 } as const

export type CliErrorCode = 'CLI_USAGE' | 'AGENT_NOT_RUNNING' | 'AGENT_UNREACHABLE'
export class CliError extends MeshError<CliErrorCode> {}

/** An error that the agent answered, with its own code. */
export class AgentAnswerError extends MeshError {
  readonly status: number

  constructor(status: number, code: string, message: string, details: Readonly<Record<string, unknown>>) {
    super(code, message, { details: details as Record<string, string | number | boolean> })
    this.status = status
  }
}

export function exitCodeOf(err: unknown): number {
  if (err instanceof CliError) {
    return err.code === 'CLI_USAGE' ? EXIT.usage : EXIT.notRunning
  }
  return err instanceof AgentAnswerError && err.status === 403 ? EXIT.refused : EXIT.failed
}

export function usage(message: string, cause?: unknown): CliError {
  return new CliError('CLI_USAGE', message, { cause })
}
