import { createServer, type RequestListener, type Server } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { AgentSocket, MAX_ANSWER_BYTES, type RawPush } from '../../../src/devtools/agent-socket.ts'

const PUSH: RawPush = {
  signal: 'traces',
  contentType: 'application/x-protobuf',
  gzip: true,
  blocks: [utf8('ab'), utf8('c')],
  length: 3,
}
let folder: string
let server: Server | undefined
let socket: AgentSocket

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aico-mesh-socket-'))
  socket = new AgentSocket({ socketPath: join(folder, 's'), token: 'secret' }, { maxConnections: 2, timeoutMs: 200 })
})
afterEach(async () => {
  server?.closeAllConnections()
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)))
  server = undefined
  rmSync(folder, { recursive: true })
})

async function serve(listener: RequestListener): Promise<void> {
  server = createServer(listener)
  await new Promise<void>((resolve) => server?.listen(join(folder, 's'), resolve))
}

test('[OH15] a push is a POST of the raw body under the token; the answer comes back with what counts', async () => {
  const seen: unknown[] = []
  await serve((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      seen.push({ method: request.method, url: request.url, headers: request.headers, body })
      response.writeHead(503, { 'content-type': 'application/json', 'retry-after': '2', 'x-other': '1' }).end('{}')
    })
  })
  const answer = await socket.push(PUSH)
  expect(answer).toMatchObject({ status: 503, contentType: 'application/json', retryAfter: '2' })
  expect(Object.keys(answer ?? {}).sort()).toEqual(['body', 'contentType', 'retryAfter', 'status'])
  expect(Buffer.from(answer?.body ?? []).toString()).toBe('{}')
  const headers = {
    authorization: 'Bearer secret',
    'content-type': 'application/x-protobuf',
    'content-encoding': 'gzip',
    'content-length': '3',
  }
  expect(seen).toMatchObject([{ method: 'POST', url: '/v1/otlp/traces', body: 'abc', headers }])
})

test('[OH15] connections are used again, and a body that was not compressed says nothing of gzip', async () => {
  let connections = 0
  const codings: unknown[] = []
  await serve((request, response) => {
    codings.push(request.headers['content-encoding'])
    request.resume().on('end', () => response.end())
  })
  server?.on('connection', () => connections++)
  for (let i = 0; i < 3; i++) expect(await socket.push({ ...PUSH, gzip: false })).toMatchObject({ status: 200 })
  expect(connections).toBe(1)
  expect(codings).toEqual([undefined, undefined, undefined])
})

test('[OH12] no agent is no answer, and no error', async () => {
  expect(await socket.push(PUSH)).toBeUndefined()
  expect(await socket.holdLifeline(() => {})).toBe(false)
})

test.each<[string, RequestListener]>([
  ['does not answer in time', () => {}],
  ['stops half-way', (_, response) => void response.writeHead(200, { 'content-length': 9 }).write('abc')],
  ['hangs up', (request) => void request.socket.destroy()],
  ['hangs up half-way', (request, response) => response.write('abc', () => request.socket.destroy())],
  ['answers without end', (_, response) => void response.end(new Uint8Array(MAX_ANSWER_BYTES + 1))],
])('[OH12] an agent that %s gave no answer', async (_, listener) => {
  await serve(listener)
  expect(await socket.push(PUSH)).toBeUndefined()
})

test('[OH16] the lifeline is held until the agent lets go', async () => {
  let letGo = (): void => {}
  const seen: unknown[] = []
  await serve(({ method, url, headers }, response) => {
    seen.push([method, url, headers.authorization])
    response.writeHead(200).flushHeaders()
    letGo = () => response.end()
  })
  let isLost = false
  const lost = new Promise<void>((resolve) => {
    void socket.holdLifeline(() => {
      isLost = true
      resolve()
    })
  })
  await expect.poll(() => seen).toEqual([['GET', '/v1/devtools/lifeline', 'Bearer secret']])
  expect(isLost).toBe(false)
  letGo()
  await lost
})

test('[OH16] the lifeline is lost when the agent dies', async () => {
  await serve((_, response) => response.writeHead(200).flushHeaders())
  let lose = (): void => {}
  const lost = new Promise<void>((resolve) => (lose = resolve))
  expect(await socket.holdLifeline(lose)).toBe(true)
  server?.closeAllConnections()
  await lost
})

test.each<[string, RequestListener]>([
  ['refuses the token', (_, response) => void response.writeHead(401).end()],
  ['does not answer in time', () => {}],
  ['hangs up', (request) => void request.socket.destroy()],
])('[OH16] an agent that %s gives no lifeline, and none is lost later', async (_, listener) => {
  await serve(listener)
  let isLost = false
  expect(await socket.holdLifeline(() => (isLost = true))).toBe(false)
  expect(isLost).toBe(false)
})
