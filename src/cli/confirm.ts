/** Asks for a yes on the terminal. Without one there is nobody to ask, and `--yes` has to say it. */
import { createInterface } from 'node:readline'
import { CliError, interrupted, usage } from './cli-error.ts'

/**
 * @throws {CliError} `CLI_DECLINED` unless the answer is yes, `CLI_INTERRUPTED` if there is none, `CLI_USAGE` without a
 *   terminal
 */
export async function confirm(question: string): Promise<void> {
  if (!(await isWanted(question))) throw new CliError('CLI_DECLINED', 'nothing was changed')
}

/** A question whose no goes on too. @throws {CliError} `CLI_INTERRUPTED`, `CLI_USAGE` as {@link confirm} */
export async function isWanted(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw usage('add --yes to go ahead without a question')
  const answer = await ask(`${question} [y/N] `)
  if (answer === undefined) throw interrupted()
  return YES.test(answer)
}

/**
 * A question that either answer changes something by: it is asked until it is answered in full.
 * @returns undefined once the signal says that the answer does not matter any more
 * @throws {CliError} `CLI_INTERRUPTED`
 */
export async function yesOrNo(question: string, signal: AbortSignal): Promise<boolean | undefined> {
  const answer = await ask(`${question} [yes/no] `, { signal, accepts: (text) => YES.test(text) || NO.test(text) })
  if (signal.aborted) return undefined
  if (answer === undefined) throw interrupted()
  return YES.test(answer)
}

const YES = /^\s*y(?:es)?\s*$/i
const NO = /^\s*no?\s*$/i

interface AskOptions {
  /** Ends the question. */
  readonly signal?: AbortSignal
  /** Whether an answer will do; else the question is put again, and what was typed ahead is not lost. */
  readonly accepts?: (answer: string) => boolean
}

/** Undefined after Ctrl-C, at the end of input, and when the signal fires. */
function ask(question: string, { signal, accepts = () => true }: AskOptions = {}): Promise<string | undefined> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  return new Promise((resolve) => {
    const end = (answer: string | undefined): void => {
      resolve(answer)
      if (answer === undefined) process.stderr.write('\n')
      terminal.removeListener('close', leave)
      signal?.removeEventListener('abort', leave)
      terminal.close()
    }
    const leave = (): void => end(undefined)
    const put = (): void => terminal.question(question, (answer) => (accepts(answer) ? end(answer) : put()))
    terminal.once('SIGINT', leave)
    terminal.once('close', leave)
    signal?.addEventListener('abort', leave, { once: true })
    if (signal?.aborted) leave()
    else put()
  })
}
