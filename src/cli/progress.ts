/**
 * How far a long command is, on stderr, for people only: at a terminal one line that is written over and over, else a line
 * now and then. Nothing of it is left at a terminal when the command is done.
 */
import type { Output } from './output.ts'

export interface ProgressDeps {
  readonly output: Pick<Output, 'json' | 'hint' | 'width'>
  readonly stderr: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>
  /** Milliseconds on a clock that never goes back. */
  readonly monotonic: () => number
}

/** Time between two lines, in milliseconds: what an eye follows, and what a log file bears. */
const TERMINAL_EVERY_MS = 200
const FILE_EVERY_MS = 10_000
/** To the first column, and away with what stands there. */
const CLEAR_LINE = '\r\x1b[K'

export class Progress {
  readonly #deps: ProgressDeps
  readonly #startMs: number
  #lastMs: number
  #isShown = false

  constructor(deps: ProgressDeps) {
    this.#deps = deps
    this.#startMs = this.#lastMs = deps.monotonic()
  }

  /** Asks for the words only when they are to be shown. */
  show(words: (seconds: number) => string): void {
    const { output, stderr, monotonic } = this.#deps
    const nowMs = monotonic()
    if (output.json || nowMs - this.#lastMs < (stderr.isTTY ? TERMINAL_EVERY_MS : FILE_EVERY_MS)) return
    this.#lastMs = nowMs
    const text = words((nowMs - this.#startMs) / 1000)
    if (!stderr.isTTY) return output.hint(text)
    this.#isShown = true
    stderr.write(`${CLEAR_LINE}${text.slice(0, output.width - 1)}`)
  }

  /** @returns seconds since it began */
  finish(): number {
    if (this.#isShown) this.#deps.stderr.write(CLEAR_LINE)
    this.#isShown = false
    return (this.#deps.monotonic() - this.#startMs) / 1000
  }
}
