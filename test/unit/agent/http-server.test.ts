import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  callRoute,
  HttpServer,
  jsonBody,
  MAX_JSON_BODY_BYTES,
  STOP_GRACE_MS,
  type LinkRoute,
  type Route,
} from '../../../src/agent/http-server.ts'
import { MeshError } from '../../../src/base/errors.ts'
import { manualClock } from '../../support/manual-clock.ts'

const TOKENS = { cli: 'c'.repeat(43), devtools: 'd'.repeat(43) }
const clock = manualClock()
const logged: unknown[] = []
const log = { debug() {}, info() {}, warn() {}, error: (fields: object) => void logged.push(fields) }

const route = (method: Route['method'], path: string, handle: Route['handle'], more: Partial<Route> = {}): Route => ({
  method,
  path,
  capability: 'cli',
  handle,
  ...more,
})
const failing = (code: string) => () => {
  throw new MeshError(code, `it is ${code}`, { details: { limit: 7 } })
}

const BLOCK_BYTES = 65_536
/** What the endless stream has written so far; `ended` is called when it stops. */
const endless = { blocks: 0, ended: (): void => undefined }

const routes: readonly Route[] = [
  route('GET', '/v1/hello/:name', ({ params, query }) => ({ json: { name: params['name'], q: query.get('q') } })),
  route('POST', '/v1/echo', (call) => ({ json: jsonBody(call) })),
  route('POST', '/v1/size', ({ body }) => ({ json: { bytes: body.length } })),
  route('POST', '/v1/push', ({ body }) => ({ status: 202, headers: { 'x-kind': 'raw' }, body }), {
    capability: 'devtools',
    maxBodyBytes: 10,
  }),
  route('GET', '/v1/made', () => ({ jsonBytes: new TextEncoder().encode('{"made":"ready"}') })),
  route('GET', '/v1/made-in-parts', () => ({
    jsonParts: ['{"made":', '[1,', '2]}'].map((part) => new TextEncoder().encode(part)),
  })),
  route('GET', '/v1/stream', () => ({
    stream: async (write) => {
      await write('one\n')
      await write('two\n')
    },
  })),
  route('GET', '/v1/bytes', () => ({
    contentType: 'application/octet-stream',
    stream: (write) => write(Uint8Array.of(0x61, 0x00, 0x62)),
    trailers: () => ({ 'x-told-last': 'three bytes' }),
  })),
  route('GET', '/v1/broken-off', () => ({
    stream: async (write) => {
      await write('begun')
      throw new MeshError('ANY_OTHER', 'it cannot go on')
    },
    trailers: () => ({ 'x-told-last': 'all of it' }),
  })),
  route('GET', '/v1/endless', () => ({
    stream: async (write, signal) => {
      for (; !signal.aborted; endless.blocks++) await write(new Uint8Array(BLOCK_BYTES))
      endless.ended()
    },
  })),
  route('GET', '/v1/until-gone', () => ({
    stream: (write, signal) =>
      new Promise((resolve) => {
        void write('open\n')
        signal.addEventListener('abort', () => resolve())
      }),
  })),
  route('GET', '/v1/bug', () => {
    throw new TypeError('secret words of a bug')
  }),
  ...[
    'POLICY_STAGE',
    'STAGE_TOO_LOW',
    'PAIR_NEEDS_PRO',
    'TRACE_NOT_FOUND',
    'WORKER_GONE',
    'STORE_FULL',
    'ANY_OTHER',
  ].map((code) => route('GET', `/v1/fail/${code}`, failing(code))),
]

/** Says back what it hears. */
const links: readonly LinkRoute[] = [
  {
    path: '/v1/echo-link',
    protocol: 'echo/1',
    capability: 'devtools',
    open: (connection) => connection.pipe(connection),
  },
]

let folder: string
let server: HttpServer
let socketFile: string

beforeEach(async () => {
  logged.length = 0
  folder = mkdtempSync(join(tmpdir(), 'http-'))
  socketFile = join(folder, 'agent.sock')
  server = new HttpServer({ log, clock }, { socketFile, routes, links, tokens: TOKENS })
  await server.start()
})
afterEach(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

interface Ask {
  readonly method?: string
  readonly token?: string | undefined
  readonly body?: string | Uint8Array
}
interface Answer {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly trailers: NodeJS.Dict<string>
  readonly text: string
}

function ask(path: string, { method = 'GET', token = TOKENS.cli, body }: Ask = {}): Promise<Answer> {
  const headers = token === '' ? {} : { authorization: `Bearer ${token}` }
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: socketFile, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          trailers: response.trailers,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      )
    })
    call.on('error', reject)
    call.end(body)
  })
}

function codeIn({ text }: Answer): string {
  return (JSON.parse(text) as { error: { code: string } }).error.code
}

describe('who may ask', () => {
  test('[HT1] the socket is 0600, and one that was left behind is replaced', async () => {
    expect((statSync(socketFile).mode & 0o777).toString(8)).toBe('600')
    await server.stop()
    writeFileSync(socketFile, 'left by a run that was killed')
    server = new HttpServer({ log, clock }, { socketFile, routes, tokens: TOKENS })
    await server.start()
    expect((await ask('/v1/hello/you')).status).toBe(200)
  })

  const wrong: readonly { name: string; token: string }[] = [
    { name: 'no token', token: '' },
    { name: 'a token of the right length', token: 'x'.repeat(43) },
    { name: 'a shorter token', token: 'c'.repeat(42) },
    { name: 'a longer token', token: 'c'.repeat(44) },
  ]
  test.each(wrong)('[HT2] $name is 401, also on a path that does not exist', async ({ token }) => {
    for (const path of ['/v1/hello/you', '/nowhere', '//', '/%zz']) {
      const answer = await ask(path, { token })
      expect([answer.status, codeIn(answer)]).toEqual([401, 'HTTP_UNAUTHORIZED'])
    }
  })

  test('[HT3] the devtools token opens only what says so, and the token of the command line opens all', async () => {
    expect((await ask('/v1/hello/you', { token: TOKENS.devtools })).status).toBe(401)
    expect((await ask('/v1/push', { token: TOKENS.devtools, method: 'POST' })).status).toBe(202)
    expect((await ask('/v1/push', { token: TOKENS.cli, method: 'POST' })).status).toBe(202)
  })
})

describe('what is asked', () => {
  test('[HT4] names in the path are decoded, and a query may follow', async () => {
    expect(JSON.parse((await ask('/v1/hello/a%2Fb%20%C3%A9?q=1')).text)).toEqual({ name: 'a/b é', q: '1' })
  })

  const paths: readonly { name: string; path: string; method?: string; status: number; code: string }[] = [
    { name: 'an unknown path', path: '/v1/nowhere', status: 404, code: 'HTTP_NOT_FOUND' },
    { name: 'a path with a part too many', path: '/v1/hello/a/b', status: 404, code: 'HTTP_NOT_FOUND' },
    { name: 'a name that does not decode', path: '/v1/hello/%zz', status: 404, code: 'HTTP_NOT_FOUND' },
    { name: 'a path that is no URL', path: '//', status: 404, code: 'HTTP_NOT_FOUND' },
    { name: 'a known path with another method', path: '/v1/echo', status: 405, code: 'HTTP_METHOD' },
    { name: 'a method nobody has', path: '/v1/hello/a', method: 'PUT', status: 405, code: 'HTTP_METHOD' },
  ]
  test.each(paths)('[HT4] $name is $status', async ({ path, method, status, code }) => {
    const answer = await ask(path, method === undefined ? {} : { method })
    expect([answer.status, codeIn(answer)]).toEqual([status, code])
    expect(logged).toEqual([])
  })

  const bodies: readonly { name: string; body: string; want: unknown }[] = [
    { name: 'an object is read', body: '{"a":[1]}', want: { a: [1] } },
    { name: 'nothing is an empty object', body: '', want: {} },
    { name: 'a list is refused', body: '[]', want: 'HTTP_BAD_JSON' },
    { name: 'null is refused', body: 'null', want: 'HTTP_BAD_JSON' },
    { name: 'half an object is refused', body: '{"a":', want: 'HTTP_BAD_JSON' },
  ]
  test.each(bodies)('[HT5] of JSON bodies, $name', async ({ body, want }) => {
    const answer = await ask('/v1/echo', { method: 'POST', body })
    if (typeof want === 'string') expect([answer.status, codeIn(answer)]).toEqual([400, want])
    else expect([answer.status, JSON.parse(answer.text)]).toEqual([200, want])
  })

  test('[HT12] JSON that was made elsewhere is sent as it is', async () => {
    const answer = await ask('/v1/made')
    expect([answer.status, answer.text]).toEqual([200, '{"made":"ready"}'])
    const inParts = await ask('/v1/made-in-parts')
    expect([inParts.status, inParts.text]).toEqual([200, '{"made":[1,2]}'])
  })

  test('[HT6] a body of the limit is taken, one byte more is 413', async () => {
    const size = (bytes: number) => ask('/v1/size', { method: 'POST', body: new Uint8Array(bytes) })
    expect(JSON.parse((await size(MAX_JSON_BODY_BYTES)).text)).toEqual({ bytes: MAX_JSON_BODY_BYTES })
    const over = await size(MAX_JSON_BODY_BYTES + 1)
    expect([over.status, codeIn(over)]).toEqual([413, 'HTTP_TOO_LARGE'])
  })

  test('[HT6] a route may have a limit of its own', async () => {
    const push = (body: string) => ask('/v1/push', { method: 'POST', body })
    expect((await push('x'.repeat(10))).text).toBe('x'.repeat(10))
    expect((await push('x'.repeat(11))).status).toBe(413)
  })

  test('[HT6] a body without end is refused at the first byte too many', async () => {
    const socket = connect(socketFile)
    socket.on('error', () => {})
    socket.write(
      `POST /v1/push HTTP/1.1\r\nHost: agent\r\nAuthorization: Bearer ${TOKENS.cli}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    )
    socket.write(`c\r\n${'x'.repeat(12)}\r\n`)
    const [first] = (
      await new Promise<string>((resolve) => {
        socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1')))
      })
    ).split('\r\n')
    expect(first).toBe('HTTP/1.1 413 Payload Too Large')
    socket.destroy()
  })
})

describe('what is answered', () => {
  const statuses: readonly { code: string; status: number }[] = [
    { code: 'POLICY_STAGE', status: 403 },
    { code: 'STAGE_TOO_LOW', status: 403 },
    { code: 'PAIR_NEEDS_PRO', status: 403 },
    { code: 'TRACE_NOT_FOUND', status: 404 },
    { code: 'WORKER_GONE', status: 503 },
    { code: 'STORE_FULL', status: 503 },
    { code: 'ANY_OTHER', status: 400 },
  ]
  test.each(statuses)('[HT7] $code is $status, with code, message and details', async ({ code, status }) => {
    const answer = await ask(`/v1/fail/${code}`)
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toBe('application/json')
    expect(JSON.parse(answer.text)).toEqual({ error: { code, message: `it is ${code}`, details: { limit: 7 } } })
  })

  test('[HT8] a bug is 500 INTERNAL, says nothing of itself, and is logged', async () => {
    const answer = await ask('/v1/bug')
    expect([answer.status, codeIn(answer)]).toEqual([500, 'INTERNAL'])
    expect(answer.text).not.toContain('secret words')
    expect(logged.length).toBe(1)
  })

  test('[HT9] a stream is NDJSON and ends when its route is done', async () => {
    const answer = await ask('/v1/stream')
    expect([answer.headers['content-type'], answer.text]).toEqual(['application/x-ndjson', 'one\ntwo\n'])
  })

  test('[HT9] a stream may be bytes, and say at its end what is known only then', async () => {
    const answer = await ask('/v1/bytes')
    expect([answer.headers['content-type'], answer.text]).toEqual(['application/octet-stream', 'a\0b'])
    expect(answer.trailers).toEqual({ 'x-told-last': 'three bytes' })
  })

  test('[HT9] a stream that fails is cut off: nobody takes it for whole', async () => {
    await expect(ask('/v1/broken-off')).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('[HT9] a reader that does not read stops the stream, and ends it by going away', async () => {
    endless.blocks = 0
    const ended = new Promise<void>((resolve) => (endless.ended = resolve))
    const headers = { authorization: `Bearer ${TOKENS.cli}` }
    const response = await new Promise<IncomingMessage>((resolve) => {
      request({ socketPath: socketFile, path: '/v1/endless', headers, agent: false }, resolve).end()
    })
    response.on('error', () => undefined)
    // It stands still once what is between the two is full: other requests pass, and it is not a block further.
    let before = -1
    while (before !== endless.blocks) {
      before = endless.blocks
      for (let i = 0; i < 20; i++) await ask('/v1/hello/you')
    }
    expect(endless.blocks * BLOCK_BYTES).toBeLessThan(16 << 20)
    response.destroy()
    await ended
  })

  test('[HT9] stopping ends open streams, and the socket is gone', async () => {
    const open = ask('/v1/until-gone')
    await new Promise<void>((resolve) => {
      const call = request(
        { socketPath: socketFile, path: '/v1/until-gone', headers: { authorization: `Bearer ${TOKENS.cli}` } },
        (response) => response.once('data', () => resolve()).on('error', () => {}),
      )
      call.on('error', () => {}).end()
    })
    await server.stop()
    expect((await open).text).toBe('open\n')
    await expect(ask('/v1/hello/you')).rejects.toMatchObject({ code: 'ENOENT' })
    await server.stop() // idempotent
  })

  test('[HT9] a request whose body never ends does not keep the agent alive', async () => {
    const call = request({
      socketPath: socketFile,
      path: '/v1/echo',
      method: 'POST',
      headers: { authorization: `Bearer ${TOKENS.cli}` },
    })
    const failed = new Promise<unknown>((resolve) => call.once('error', resolve))
    await new Promise<void>((resolve) => {
      call.once('socket', (socket) => socket.once('connect', () => call.write('{', () => resolve())))
    })
    const stopped = server.stop()
    clock.advance(STOP_GRACE_MS)
    await stopped
    expect(await failed).toMatchObject({ code: 'ECONNRESET' })
  })
})

describe('links', () => {
  interface Opened {
    readonly socket: Socket
    readonly headers: NodeJS.Dict<string | string[]>
  }
  const WANTED = { path: '/v1/echo-link', method: 'GET', upgrade: 'echo/1', token: TOKENS.devtools }

  /** @returns the connection, or the status of the refusal */
  function openLink(wanted: Partial<typeof WANTED> = {}): Promise<Opened | number | undefined> {
    const { path, method, upgrade, token } = { ...WANTED, ...wanted }
    const headers = { authorization: `Bearer ${token}`, connection: 'Upgrade', upgrade }
    return new Promise((resolve, reject) => {
      const call = request({ socketPath: socketFile, path, method, headers, agent: false })
      call.on('upgrade', (response, socket) => resolve({ socket, headers: response.headers }))
      call.on('response', (response) => resolve(response.resume().statusCode))
      call.on('error', reject).end()
    })
  }

  test('[HT15] a link is no HTTP any more, from its first byte; both tokens open it', async () => {
    for (const token of [TOKENS.devtools, TOKENS.cli]) {
      const { socket, headers } = (await openLink({ token })) as Opened
      expect(headers).toMatchObject({ connection: 'Upgrade', upgrade: 'echo/1' })
      socket.write('GET / HTTP/1.1')
      const [heard] = (await once(socket, 'data')) as [Buffer]
      expect(heard.toString()).toBe('GET / HTTP/1.1')
      socket.destroy()
    }
  })

  test('[HT15] bytes that come with the request are the first of the link', async () => {
    const socket = connect(socketFile)
    const head = `GET /v1/echo-link HTTP/1.1\r\nHost: agent\r\nAuthorization: Bearer ${TOKENS.devtools}\r\n`
    socket.write(`${head}Connection: Upgrade\r\nUpgrade: echo/1\r\n\r\nfirst`)
    let heard = ''
    while (!heard.includes('\r\n\r\nfirst')) heard += String((await once(socket, 'data'))[0])
    expect(heard).toMatch(/^HTTP\/1.1 101 /)
    socket.destroy()
  })

  const refused: readonly { name: string; wanted: Partial<typeof WANTED>; status: number }[] = [
    { name: 'under no right token', wanted: { token: 'x'.repeat(43) }, status: 401 },
    { name: 'of another protocol', wanted: { upgrade: 'websocket' }, status: 404 },
    { name: 'elsewhere', wanted: { path: '/v1/echo' }, status: 404 },
    { name: 'by another method', wanted: { method: 'POST' }, status: 404 },
    { name: 'elsewhere, under no right token', wanted: { path: '/nowhere', token: '' }, status: 401 },
  ]
  test.each(refused)('[HT15] a link $name is $status', async ({ wanted, status }) => {
    expect(await openLink(wanted)).toBe(status)
    expect(logged).toEqual([])
  })

  test('[HT15] stopping ends links at once', async () => {
    const { socket } = (await openLink()) as Opened
    const closed = once(socket.resume(), 'close')
    await server.stop()
    expect(await closed).toEqual([false])
  })
})

describe('callRoute', () => {
  test('[HT10] a route called in process answers as over the socket', async () => {
    const calls = [
      { method: 'GET', path: '/v1/hello/a%2Fb?q=2', body: undefined },
      { method: 'POST', path: '/v1/echo', body: { a: 1 } },
      { method: 'GET', path: '/v1/fail/STAGE_TOO_LOW', body: undefined },
      { method: 'GET', path: '/v1/made', body: undefined },
      { method: 'GET', path: '/v1/made-in-parts', body: undefined },
      { method: 'GET', path: '/v1/nowhere', body: undefined },
      { method: 'DELETE', path: '/v1/echo', body: undefined },
    ] as const
    for (const call of calls) {
      const body = call.body === undefined ? {} : { body: JSON.stringify(call.body) }
      const answer = await ask(call.path, { method: call.method, ...body })
      expect(await callRoute(routes, call)).toEqual({ status: answer.status, json: JSON.parse(answer.text) })
    }
  })

  test('[HT10] what needs a running agent says so, and a bug is not hidden', async () => {
    expect(await callRoute(routes, { method: 'GET', path: '/v1/stream', body: undefined })).toMatchObject({
      status: 404,
      json: { error: { code: 'HTTP_NOT_FOUND' } },
    })
    await expect(callRoute(routes, { method: 'GET', path: '/v1/bug', body: undefined })).rejects.toThrow(TypeError)
  })
})
