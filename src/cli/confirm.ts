/** Asks for a yes on the terminal. Without one there is nobody to ask, and `--yes` has to say it. */
import { createInterface } from 'node:readline/promises'
import { usage } from './cli-error.ts'

/** @throws {CliError} `CLI_USAGE` unless the answer is yes */
export async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY) throw usage('add --yes to go ahead without a question')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`${question} [y/N] `)
  terminal.close()
  if (!/^y(?:es)?$/i.test(answer.trim())) throw usage('nothing was changed')
}
