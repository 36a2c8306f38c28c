import { createServer, type IncomingMessage, type Server } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../../src/base/bytes.ts'
import { AgentLink, type AgentLinkOptions, type RawPush } from '../../../src/devtools/agent-link.ts'
import {
  encodeAnswers,
  LINK_PROTOCOL,
  readDevtoolsHead,
  type AskHead,
  type PushHead,
  type RefusedHead,
} from '../../../src/wire/devtools-link.ts'
import { LinkReader } from '../../../src/wire/link-reader.ts'

const PUSH: RawPush = { signal: 'traces', encoding: 'protobuf', gzip: true, blocks: [utf8('ab'), utf8('c')], length: 3 }
const SWITCH = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${LINK_PROTOCOL}\r\n\r\n`
let folder: string
let server: Server | undefined
const connections = new Set<Duplex>()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aico-mesh-link-'))
})
afterEach(async () => {
  for (const connection of connections) connection.destroy()
  connections.clear()
  server?.closeAllConnections()
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)))
  server = undefined
  rmSync(folder, { recursive: true })
})

async function serve(onUpgrade: (request: IncomingMessage, connection: Duplex) => void): Promise<void> {
  server = createServer((_, response) => void response.writeHead(401).end())
  server.on('upgrade', (request, connection: Duplex) => {
    connections.add(connection)
    connection.on('error', () => {})
    onUpgrade(request, connection)
  })
  await new Promise<void>((resolve) => server?.listen(join(folder, 's'), resolve))
}

const open = (options: AgentLinkOptions = {}): Promise<AgentLink | undefined> =>
  AgentLink.open({ socketPath: join(folder, 's'), token: 'secret' }, { timeoutMs: 200, ...options })

interface Frame {
  readonly head: PushHead | RefusedHead | AskHead
  readonly body: string
}

/** An agent that accepts and does what the test says with every frame. */
async function agent(onFrame: (frame: Frame, connection: Duplex) => void, options: AgentLinkOptions = {}) {
  const frames: Frame[] = []
  await serve((_, connection) => {
    connection.write(SWITCH)
    const reader = new LinkReader(readDevtoolsHead, {
      room: ({ length }) => new Uint8Array(length),
      take: (head, body) => {
        const frame = { head, body: Buffer.from(body ?? []).toString() }
        frames.push(frame)
        onFrame(frame, connection)
      },
    })
    connection.on('data', (chunk: Uint8Array) => reader.push(chunk))
  })
  return { link: (await open(options)) as AgentLink, frames }
}

const answerTo = ({ head }: Frame, status = 200, body = ''): Uint8Array =>
  encodeAnswers([{ request: (head as PushHead).request, status, encoding: 'json', retryAfterS: 2, body: utf8(body) }])

describe('pushes', () => {
  test('[OH20] a push is the raw body with what it is; the answer comes back with what counts', async () => {
    const { link, frames } = await agent((frame, connection) => connection.write(answerTo(frame, 503, '{}')))
    expect(await link.push(PUSH)).toEqual({ status: 503, encoding: 'json', retryAfterS: 2, body: utf8('{}') })
    const head = { kind: 'push', signal: 'traces', encoding: 'protobuf', gzip: true, length: 3 }
    expect(frames).toMatchObject([{ head, body: 'abc' }])
  })
  test('[OH20] answers find their push in whatever order they come', async () => {
    const waiting: Frame[] = []
    const { link } = await agent((frame, connection) => {
      waiting.unshift(frame)
      if (waiting.length === 3) for (const each of waiting) connection.write(answerTo(each, 200, each.body))
    })
    const texts = ['one', 'two', 'three']
    const pushes = texts.map((text) => link.push({ ...PUSH, blocks: [utf8(text)], length: text.length }))
    expect((await Promise.all(pushes)).map((answer) => Buffer.from(answer?.body ?? []).toString())).toEqual(texts)
  })
  test('[OH20] an empty body has no block at all', async () => {
    const { link, frames } = await agent((frame, connection) => connection.write(answerTo(frame)))
    expect(await link.push({ ...PUSH, blocks: [], length: 0 })).toMatchObject({ status: 200 })
    expect(frames).toMatchObject([{ head: { length: 0 }, body: '' }])
  })
  test('[OH11] refusals are told with the pushes', async () => {
    const { link, frames } = await agent((frame, connection) => {
      if (frame.head.kind === 'push') connection.write(answerTo(frame))
    })
    link.tellRefused([
      [413, 2],
      [404, 1],
    ])
    await link.push(PUSH)
    expect(frames.map(({ head }) => head)).toMatchObject([
      { kind: 'refused', status: 413, count: 2 },
      { kind: 'refused', status: 404, count: 1 },
      { kind: 'push' },
    ])
  })
  test('[OH15] a push that is not answered in time has no answer, nor does its answer disturb the next', async () => {
    let first: Frame | undefined
    const { link } = await agent((frame, connection) => {
      if (first === undefined) first = frame
      else connection.write(concat(answerTo(first, 200, 'late'), answerTo(frame, 200, 'in time')))
    })
    expect(await link.push(PUSH)).toBeUndefined()
    expect(Buffer.from((await link.push(PUSH))?.body ?? []).toString()).toBe('in time')
  })
  test('[OH13] an agent that reads no more is given nothing more than the bound', async () => {
    await serve((_, connection) => {
      connection.write(SWITCH)
      connection.pause()
    })
    const block = new Uint8Array(1 << 20)
    const link = (await open({ maxUnsentBytes: 4 << 20 })) as AgentLink
    let refused = 0
    const pushes = Array.from({ length: 20 }, async () => {
      await link.push({ ...PUSH, blocks: [block], length: block.length })
      refused++
    })
    await setImmediate() // long before any of them can be late
    expect(refused).toBeGreaterThanOrEqual(15)
    await Promise.all(pushes)
  })
  test.each<[string, (frame: Frame, connection: Duplex) => void]>([
    ['hangs up', (_, connection) => void connection.destroy()],
    ['stops half-way', (frame, connection) => void connection.end(answerTo(frame, 200, 'abc').subarray(0, 17))],
    ['says what no agent says', (_, connection) => void connection.write(new Uint8Array(16))],
  ])('[OH16] an agent that %s gave no answer, and the link has ended', async (_, onFrame) => {
    const { link } = await agent(onFrame, { timeoutMs: 60_000 })
    expect(await link.push(PUSH)).toBeUndefined()
    await link.ended
    expect(await link.push(PUSH)).toBeUndefined()
  })
})

describe('opening', () => {
  test('[OH16] the link is asked for under the token, and ends when the agent lets go', async () => {
    const seen: unknown[] = []
    let letGo = (): void => {}
    await serve(({ method, url, headers }, connection) => {
      seen.push([method, url, headers.authorization, headers.upgrade])
      connection.write(SWITCH)
      letGo = () => connection.end()
    })
    const link = (await open()) as AgentLink
    expect(seen).toEqual([['GET', '/v1/devtools/link', 'Bearer secret', LINK_PROTOCOL]])
    letGo()
    await link.ended
  })
  test.each<[string, (request: IncomingMessage, connection: Duplex) => void]>([
    [
      'refuses the token',
      (_, connection) => void connection.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n'),
    ],
    ['does not answer in time', () => {}],
    ['hangs up', (_, connection) => void connection.destroy()],
  ])('[OH16] an agent that %s gives no link', async (_, onUpgrade) => {
    await serve(onUpgrade)
    expect(await open()).toBeUndefined()
  })
  test('[OH16] no agent is no link, and no error', async () => {
    expect(await open()).toBeUndefined()
  })
})
