/**
 * Reads lines from a terminal without showing them. All lines of one call are read in one go, so that an answer to the
 * second question that came with the first (pasted, or typed ahead) is not lost.
 */
import type { ReadStream } from 'node:tty'
import { interrupted } from './cli-error.ts'

type Terminal = Pick<ReadStream, 'setRawMode' | 'setEncoding' | 'resume' | 'pause' | 'on' | 'removeListener'>
type Screen = Pick<NodeJS.WriteStream, 'write'>

const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
const ERASE = ['\u007f', '\b']

/** @returns one line for each question. @throws {CliError} `CLI_INTERRUPTED` */
export function askHidden(
  terminal: Terminal,
  screen: Screen,
  questions: readonly string[],
): Promise<readonly string[]> {
  const answers = new TypedLines()
  // Before the question: what answers it at once would else be shown.
  terminal.setRawMode(true)
  screen.write(questions[0] ?? '')
  terminal.setEncoding('utf8')
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      terminal.removeListener('data', onData)
      terminal.removeListener('end', onEnd)
      terminal.setRawMode(false)
      terminal.pause()
      settle()
    }
    const onEnd = (): void => end(() => reject(interrupted()))
    const onData = (text: string): void => {
      for (const letter of text) {
        const was = answers.lines.length
        answers.take(letter)
        if (answers.isInterrupted) {
          screen.write('\n')
          return onEnd()
        }
        if (answers.lines.length === was) continue
        screen.write(`\n${questions[answers.lines.length] ?? ''}`)
        if (answers.lines.length === questions.length) return end(() => resolve(answers.lines))
      }
    }
    terminal.on('data', onData)
    terminal.on('end', onEnd)
    terminal.resume()
  })
}

/** What keys make of a line. */
class TypedLines {
  readonly lines: string[] = []
  isInterrupted = false
  #letters: string[] = []
  #last = ''

  take(letter: string): void {
    const isSecondOfBreak = letter === '\n' && this.#last === '\r'
    this.#last = letter
    if (isSecondOfBreak) return
    if (letter === '\r' || letter === '\n') this.lines.push(this.#letters.splice(0).join(''))
    else if (letter === CTRL_C || (letter === CTRL_D && this.#letters.length === 0)) this.isInterrupted = true
    else if (ERASE.includes(letter)) this.#letters.pop()
    else if (letter !== CTRL_D) this.#letters.push(letter)
  }
}
