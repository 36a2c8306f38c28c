/** What a command ends with when it does not end well. */
import { MeshError } from '../base/errors.ts'

/** Exit codes of every command (docs/spec/cli.md); an interruption ends as a shell reports it, 128 and SIGINT's number. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notRunning: 3, refused: 4, interrupted: 130 } as const

export type CliErrorCode =
  | 'CLI_USAGE'
  | 'CLI_DECLINED'
  | 'CLI_INTERRUPTED'
  | 'AGENT_NOT_RUNNING'
  | 'AGENT_UNREACHABLE'
  /** A file whose format cannot be told, or that breaks off while it is read. */
  | 'IMPORT_FORMAT'
  | 'IMPORT_UNREADABLE'
  /** Part of a file is not among what was imported. */
  | 'IMPORT_REJECTED'
  /** The agent has taken nothing for too long. */
  | 'IMPORT_STALLED'
  /** An export is not whole, or its file could not be written. */
  | 'EXPORT_INCOMPLETE'
  | 'EXPORT_UNWRITABLE'
  /** The index could not be made again; the one that was there answers. */
  | 'REINDEX_FAILED'
  /** Something that is checked does not work. */
  | 'NOT_READY'
export class CliError extends MeshError<CliErrorCode> {}

/** An error that the agent answered, with its own code. */
export class AgentAnswerError extends MeshError {
  readonly status: number

  constructor(status: number, code: string, message: string, details: Readonly<Record<string, unknown>>) {
    super(code, message, { details: details as Record<string, string | number | boolean> })
    this.status = status
  }
}

const EXIT_OF: Readonly<Record<CliErrorCode, number>> = {
  CLI_USAGE: EXIT.usage,
  CLI_DECLINED: EXIT.failed,
  CLI_INTERRUPTED: EXIT.interrupted,
  AGENT_NOT_RUNNING: EXIT.notRunning,
  AGENT_UNREACHABLE: EXIT.notRunning,
  IMPORT_FORMAT: EXIT.usage,
  IMPORT_UNREADABLE: EXIT.failed,
  IMPORT_REJECTED: EXIT.failed,
  IMPORT_STALLED: EXIT.failed,
  EXPORT_INCOMPLETE: EXIT.failed,
  EXPORT_UNWRITABLE: EXIT.failed,
  REINDEX_FAILED: EXIT.failed,
  NOT_READY: EXIT.failed,
}

export function exitCodeOf(err: unknown): number {
  if (err instanceof CliError) return EXIT_OF[err.code]
  if (!(err instanceof AgentAnswerError)) return EXIT.failed
  if (err.status === 403) return EXIT.refused
  return err.status === 400 && MISUSE.test(err.code) ? EXIT.usage : EXIT.failed
}

/** What the agent answers where what was typed can be asked of no agent: a filter, a cursor, a function, an id. */
const MISUSE =
  /^(?:SEARCH_|METRIC_FUNCTION$|METRIC_RANGE$|HTTP_BAD_FIELD$|TRACE_ID_INVALID$|ERROR_ID_INVALID$|PAIR_CODE_FORMAT$)/

export function usage(message: string, cause?: unknown): CliError {
  return new CliError('CLI_USAGE', message, { cause })
}

/** Ctrl-C, or the end of input, at a question that comes before anything is done. */
export function interrupted(): CliError {
  return new CliError('CLI_INTERRUPTED', 'interrupted; nothing was changed')
}
