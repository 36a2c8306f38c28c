/**
 * The token that lets the command line in: a file only its owner can read, made anew at each start and there only while
 * the agent serves.
 */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { Service } from '../base/service.ts'
import { requireOwnFolder, type Home } from '../platform/home.ts'
import { asStoreErrors } from '../store/store-error.ts'

export class CliToken implements Service {
  readonly name = 'agent.token'
  readonly #file: string
  readonly #lastFile: string
  readonly #token: string

  constructor(home: Home, token: string) {
    this.#file = home.tokenFile
    this.#lastFile = `${home.tokenFile}.last`
    this.#token = token
  }

  /** @throws {StoreError} `STORE_FULL` if there never was one and there is no room for the first */
  async start(): Promise<void> {
    // Left by the last run, killed or not. Never written over: a file that is there keeps its permissions and readers.
    for (const file of [this.#file, this.#lastFile]) rmSync(file, { force: true })
    asStoreErrors(() => writeFileSync(this.#file, this.#token, { mode: 0o600, flag: 'wx' }))
  }

  /** The file gives up its name and not its room, which the next start needs though the disk be full. */
  async stop(): Promise<void> {
    if (existsSync(this.#file)) renameSync(this.#file, this.#lastFile)
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
