/**
 * Where a passphrase comes from, in this order: a file (`--passphrase-file`), the environment (AICO_MESH_PASSPHRASE, taken
 * out of it at once), a question on the terminal, the first line of standard input. Never from the command line, which
 * other users can read.
 */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { AgentHost } from './agent-host.ts'
import { usage } from './cli-error.ts'

const VARIABLE = 'AICO_MESH_PASSPHRASE'

export class PassphraseSource {
  readonly #host: AgentHost
  readonly #home: string
  readonly #file: string | undefined
  readonly #fromEnvironment: string | undefined

  constructor(host: AgentHost, home: string, file: string | undefined, env: NodeJS.ProcessEnv) {
    this.#host = host
    this.#home = home
    this.#file = file
    this.#fromEnvironment = env[VARIABLE]
    delete env[VARIABLE]
  }

  /** The passphrase if this home needs one. */
  async forHome(): Promise<string | undefined> {
    return (await this.#host.readKeyStore(this.#home)) === 'passphrase' ? this.ask('Passphrase: ') : undefined
  }

  /** A new passphrase; on a terminal it is asked for twice. */
  async create(): Promise<string> {
    const first = await this.ask('New passphrase: ')
    if (this.#isAsked() && (await this.ask('Again: ')) !== first) throw usage('the two passphrases differ')
    return first
  }

  async ask(question: string): Promise<string> {
    if (this.#file !== undefined) return readSecret(this.#file)
    if (this.#fromEnvironment !== undefined) return this.#fromEnvironment
    return process.stdin.isTTY ? askHidden(question) : firstLine()
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

/** Reads a line without showing it. */
function askHidden(question: string): Promise<string> {
  const { stdin, stderr } = process
  stderr.write(question)
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  stdin.resume()
  return new Promise((resolve, reject) => {
    let typed = ''
    const end = (settle: () => void): void => {
      stdin.setRawMode(false)
      stdin.pause()
      stdin.removeListener('data', onData)
      stderr.write('\n')
      settle()
    }
    const onData = (text: string): void => {
      for (const char of text) {
        if (char === '\r' || char === '\n') return end(() => resolve(typed))
        if (char === '\u0003') return end(() => reject(usage('interrupted')))
        typed = char === '\u007f' ? typed.slice(0, -1) : typed + char
      }
    }
    stdin.on('data', onData)
  })
}
