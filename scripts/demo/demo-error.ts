/** Why the demo could not go on, in words for whoever runs it: what was tried, and the last that a command said. */
import { MeshError } from '../../src/base/errors.ts'

export type DemoErrorCode = 'DEMO_COMMAND_FAILED' | 'DEMO_PROCESS_ENDED' | 'DEMO_TIMEOUT' | 'DEMO_ANSWER'
export class DemoError extends MeshError<DemoErrorCode> {
  /** What the command wrote to stderr. */
  readonly said: string

  constructor(
    code: DemoErrorCode,
    message: string,
    options: { readonly said?: string; readonly cause?: unknown } = {},
  ) {
    super(code, message, { cause: options.cause })
    this.said = options.said ?? ''
  }
}
