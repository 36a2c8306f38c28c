import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AgentHost } from '../../../src/cli/agent-host.ts'
import { AgentClient } from '../../../src/cli/agent-client.ts'
import { PassphraseSource } from '../../../src/cli/passphrase.ts'
import { PROBE_AFTER_MS, SILENCE_MS } from '../../../src/cli/watch-answer.ts'
import { layOutHome } from '../../../src/platform/home.ts'
import { manualClock } from '../../support/manual-clock.ts'

const host = { readKeyStore: async () => 'file' } as unknown as AgentHost
let home: string
let server: Server
/** Called for every request; the one that waits is told by its path. */
let onRequest: (path: string) => void
let clock: ReturnType<typeof countingClock>
let client: AgentClient

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'client-'))
  clock = countingClock()
  client = new AgentClient({ clock, host, home, passphrase: new PassphraseSource(host, home, undefined, {}) })
  onRequest = () => undefined
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(home, { recursive: true })
})

/** A clock that says when a timer was set on it. */
function countingClock() {
  const manual = manualClock()
  let onSet = (): void => undefined
  return {
    ...manual,
    after(delayMs: number, tick: () => void): () => void {
      const cancel = manual.after(delayMs, tick)
      onSet()
      return cancel
    },
    nextSet: () => new Promise<void>((resolve) => (onSet = resolve)),
  }
}

async function listen(answer: RequestListener): Promise<void> {
  const { runFolder, socketFile, tokenFile } = layOutHome(home)
  mkdirSync(runFolder, { recursive: true })
  writeFileSync(tokenFile, 'token')
  server = createServer((request, response) => {
    answer(request, response)
    onRequest(request.url ?? '')
  })
  await new Promise<void>((resolve) => server.listen(socketFile, resolve))
}

const nextRequest = () => new Promise<string>((resolve) => (onRequest = resolve))

test('[CL21] a stopped agent, which takes connections and says nothing, is given up', async () => {
  await listen(() => undefined)
  let came = nextRequest()
  const answer = client.call('GET', '/v1/status')
  answer.catch(() => undefined)
  expect(await came).toBe('/v1/status')
  came = nextRequest()
  clock.advance(PROBE_AFTER_MS)
  expect(await came).not.toBe('/v1/status')
  clock.advance(SILENCE_MS)
  await expect(answer).rejects.toMatchObject({ code: 'AGENT_UNREACHABLE', message: expect.stringContaining('stopped') })
})

test('[CL21] a question that takes minutes is waited for while the agent is there', async () => {
  let answerIt = (): void => undefined
  await listen((request, response) => {
    if (request.url === '/v1/status') answerIt = () => response.end('{"name":"phone"}')
    else response.writeHead(401).end()
  })
  const came = nextRequest()
  const answer = client.call('GET', '/v1/status')
  await came
  for (let n = 0; n < 30; n++) {
    clock.advance(PROBE_AFTER_MS) // asks, which sets the timer of silence
    await clock.nextSet() // was told, and waits again
  }
  answerIt()
  expect(await answer).toEqual({ name: 'phone' })
})

test('[CL21] an agent that ends meanwhile is told as that', async () => {
  await listen(() => undefined)
  const came = nextRequest()
  const answer = client.call('GET', '/v1/status')
  answer.catch(() => undefined)
  await came
  server.closeAllConnections()
  await expect(answer).rejects.toMatchObject({ code: 'AGENT_UNREACHABLE' })
  clock.advance(PROBE_AFTER_MS + SILENCE_MS)
})
