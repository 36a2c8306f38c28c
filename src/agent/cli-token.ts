/**
 * The token that lets the command line in: a file only its owner can read, made anew at each start and there only while
 * the agent serves.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { Service } from '../base/service.ts'
import { requireOwnFolder, type Home } from '../platform/home.ts'

export class CliToken implements Service {
  readonly name = 'agent.token'
  readonly #file: string
  readonly #token: string

  constructor(home: Home, token: string) {
    this.#file = home.tokenFile
    this.#token = token
  }

  async start(): Promise<void> {
    rmSync(this.#file, { force: true }) // left by a run that was killed; a file that is there keeps its permissions
    writeFileSync(this.#file, this.#token, { mode: 0o600, flag: 'wx' })
  }

  async stop(): Promise<void> {
    rmSync(this.#file, { force: true })
  }
}

/** Whether an agent serves this home and is not about to end. @throws {HomeError} `HOME_NOT_PRIVATE` */
export async function findLiveAgent({ runFolder, tokenFile, socketFile }: Home): Promise<boolean> {
  if (!existsSync(tokenFile) || !existsSync(socketFile)) return false
  requireOwnFolder(runFolder)
  return new Promise((resolve) => {
    const socket = connect(socketFile)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
