/** Where a command's answer goes: words for people, or with `--json` exactly one JSON document, both on stdout. */
import { wantsColour } from './render/colour.ts'

export interface Output {
  readonly json: boolean
  readonly width: number
  readonly color: boolean
  /** One answer: `value` for machines, `text` for people. */
  answer(value: unknown, text: () => string): void
  /** Whether there has been an answer: with `--json` there is no second one, not even an error. */
  hasAnswered(): boolean
  /** Progress and hints, on stderr, for people only. */
  hint(text: string): void
  /** Raw line on stdout, whatever the mode: an event that scripts wait for. */
  event(value: unknown): void
}

const DEFAULT_WIDTH = 100

export function terminalOutput(json: boolean): Output {
  const { stdout, stderr } = process
  let isAnswered = false
  return {
    json,
    width: stdout.columns ?? DEFAULT_WIDTH,
    color: !json && wantsColour(process.env, stdout.isTTY),
    answer(value, text) {
      isAnswered = true
      stdout.write(json ? `${JSON.stringify(value)}\n` : `${text().trimEnd()}\n`)
    },
    hasAnswered: () => isAnswered,
    hint: (text) => {
      if (!json) stderr.write(`${text}\n`)
    },
    event: (value) => stdout.write(`${JSON.stringify(value)}\n`),
  }
}
