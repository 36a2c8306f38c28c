/**
 * Where a passphrase comes from, in this order: a file (`--passphrase-file`), the environment (AICO_MESH_PASSPHRASE, taken
 * out of it at once), a question on the terminal, the first line of standard input. Never from the command line, which
 * other users can read.
 */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { AgentHost } from './agent-host.ts'
import { usage } from './cli-error.ts'
import { askHidden } from './hidden-lines.ts'

const VARIABLE = 'AICO_MESH_PASSPHRASE'

export class PassphraseSource {
  readonly #host: AgentHost
  readonly #home: string
  readonly #file: string | undefined
  readonly #fromEnvironment: string | undefined
  #forHome: Promise<string | undefined> | undefined

  constructor(host: AgentHost, home: string, file: string | undefined, env: NodeJS.ProcessEnv) {
    this.#host = host
    this.#home = home
    this.#file = file
    this.#fromEnvironment = env[VARIABLE]
    delete env[VARIABLE]
  }

  /** The passphrase if this home needs one; asked for once, however often the home is opened. */
  forHome(): Promise<string | undefined> {
    this.#forHome ??= this.#askForHome()
    return this.#forHome
  }

  async #askForHome(): Promise<string | undefined> {
    return (await this.#host.readKeyStore(this.#home)) === 'passphrase' ? this.#ask('Passphrase: ') : undefined
  }

  /** A new passphrase; on a terminal it is asked for twice. */
  async create(): Promise<string> {
    if (!this.#isAsked()) return this.#ask('New passphrase: ')
    const [first = '', again] = await askHidden(process.stdin, process.stderr, ['New passphrase: ', 'Again: '])
    if (again !== first) throw usage('the two passphrases differ')
    return first
  }

  async #ask(question: string): Promise<string> {
    if (this.#file !== undefined) return readSecret(this.#file)
    if (this.#fromEnvironment !== undefined) return this.#fromEnvironment
    if (!process.stdin.isTTY) return firstLine()
    const [answer = ''] = await askHidden(process.stdin, process.stderr, [question])
    return answer
  }

  #isAsked(): boolean {
    return this.#file === undefined && this.#fromEnvironment === undefined && process.stdin.isTTY
  }
}

function readSecret(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    throw usage('the file that --passphrase-file names cannot be read', cause)
  }
}

async function firstLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin })
  for await (const line of lines) {
    lines.close()
    return line
  }
  throw usage(`this device needs a passphrase: use --passphrase-file, ${VARIABLE} or a terminal`)
}
