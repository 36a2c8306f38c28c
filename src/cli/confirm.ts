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
  return /^y(?:es)?$/i.test(answer.trim())
}

/**
 * A question that either answer changes something by: it is asked until it is answered in full.
 * @returns undefined once the signal says that the answer does not matter any more
 * @throws {CliError} `CLI_INTERRUPTED`
 */
export async function yesOrNo(question: string, signal: AbortSignal): Promise<boolean | undefined> {
  for (;;) {
    const answer = await ask(`${question} [yes/no] `, signal)
    if (signal.aborted) return undefined
    if (answer === undefined) throw interrupted()
    if (/^y(?:es)?$/i.test(answer.trim())) return true
    if (/^no?$/i.test(answer.trim())) return false
  }
}

/** Undefined after Ctrl-C, at the end of input, and when the signal fires. */
function ask(question: string, signal?: AbortSignal): Promise<string | undefined> {
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
    terminal.once('SIGINT', leave)
    terminal.once('close', leave)
    signal?.addEventListener('abort', leave, { once: true })
    if (signal?.aborted) return leave()
    terminal.question(question, end)
  })
}
