/** Why the demo could not go on, in words for whoever runs it: what was tried, and the last that the process said. */
import { MeshError } from '../../src/base/errors.ts'

export type DemoErrorCode = 'DEMO_COMMAND_FAILED' | 'DEMO_PROCESS_ENDED' | 'DEMO_TIMEOUT' | 'DEMO_ANSWER'
export class DemoError extends MeshError<DemoErrorCode> {
  /** Last lines of the process's stderr. */
  readonly tail: string

  constructor(code: DemoErrorCode, message: string, tail = '', cause?: unknown) {
    super(code, message, { cause })
    this.tail = tail
  }
}

/** Lines of a process's stderr that an error shows. */
const TAIL_LINES = 12

export function tailOf(text: string): string {
  return text.trimEnd().split('\n').slice(-TAIL_LINES).join('\n')
}
