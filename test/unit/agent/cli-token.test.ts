import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CliToken, findLiveAgent } from '../../../src/agent/cli-token.ts'
import { layOutHome, makePrivateFolder, type Home } from '../../../src/platform/home.ts'

let folder: string
let home: Home
let server: Server | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'token-'))
  home = layOutHome(folder)
})
afterEach(() => {
  server?.close()
  server = undefined
  rmSync(folder, { recursive: true, force: true })
})

async function listen(): Promise<void> {
  makePrivateFolder(home.runFolder)
  const listening = createServer((socket) => socket.destroy())
  server = listening
  await new Promise<void>((resolve) => listening.listen(home.socketFile, resolve))
}

test('[HT1] the token is there while the agent serves, 0600, whatever stood there before', async () => {
  writeFileSync(home.tokenFile, 'old', { mode: 0o644 })
  const token = new CliToken(home, 'new')
  await token.start()
  expect([readFileSync(home.tokenFile, 'utf8'), (statSync(home.tokenFile).mode & 0o777).toString(8)]).toEqual([
    'new',
    '600',
  ])
  await token.stop()
  expect(existsSync(home.tokenFile)).toBe(false)
})

test('[ST26] a token that is gone leaves its room on the disk to the next one', async () => {
  await new CliToken(home, 'first').start()
  await new CliToken(home, 'first').stop()
  expect(readdirSync(folder)).toEqual(['token.last'])
  await new CliToken(home, 'second').start()
  expect(readdirSync(folder)).toEqual(['token'])
  await new CliToken(home, 'third').start() // the second was killed
  expect(readFileSync(home.tokenFile, 'utf8')).toBe('third')
})

test('[ID11] an agent that serves is found; one that was killed, or is about to end, is not', async () => {
  expect(await findLiveAgent(home)).toBe(false)
  await listen()
  expect(await findLiveAgent(home)).toBe(false) // ending: its token is gone
  const token = new CliToken(home, 'x')
  await token.start()
  expect(await findLiveAgent(home)).toBe(true)
  await new Promise((resolve) => server?.close(resolve))
  writeFileSync(home.socketFile, '') // left by a kill
  expect(await findLiveAgent(home)).toBe(false)
})

test('[ID5] what listens where our sockets should be is not asked unless the folder is ours', async () => {
  await listen()
  await new CliToken(home, 'x').start()
  const elsewhere = { ...home, runFolder: join(folder, 'link') }
  symlinkSync(home.runFolder, elsewhere.runFolder)
  await expect(findLiveAgent(elsewhere)).rejects.toMatchObject({ code: 'HOME_NOT_PRIVATE' })
})
