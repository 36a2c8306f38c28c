/** Where a command's answer goes: words for people, or with `--json` exactly one JSON document, both on stdout. */
import { wantsColour } from './render/colour.ts'
import { printableJson } from './render/printable-json.ts'

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
  /** What scripts wait for: `value` on one line, unless a person looks on, who gets `text`. */
  event(value: unknown, text: () => string): void
}

/** Where lines go to no terminal. */
const DEFAULT_WIDTH = 100

export function terminalOutput(json: boolean): Output {
  const { stdout, stderr } = process
  let isAnswered = false
  const print = (value: unknown, text: (() => string) | undefined): void => {
    stdout.write(`${text === undefined ? printableJson(value) : text().trimEnd()}\n`)
  }
  return {
    json,
    width: stdout.columns || DEFAULT_WIDTH,
    color: !json && wantsColour(process.env, stdout.isTTY),
    answer(value, text) {
      isAnswered = true
      print(value, json ? undefined : text)
    },
    hasAnswered: () => isAnswered,
    hint: (text) => {
      if (!json && text !== '') stderr.write(`${text}\n`)
    },
    event: (value, text) => print(value, json || !stdout.isTTY ? undefined : text),
  }
}
