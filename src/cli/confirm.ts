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

/** Undefined after Ctrl-C and at the end of input. */
function ask(question: string): Promise<string | undefined> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  return new Promise((resolve) => {
    const end = (answer: string | undefined): void => {
      resolve(answer)
      if (answer === undefined) process.stderr.write('\n')
      terminal.removeListener('close', leave)
      terminal.close()
    }
    const leave = (): void => end(undefined)
    terminal.once('SIGINT', leave)
    terminal.once('close', leave)
    terminal.question(question, end)
  })
}
