import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../../src/base/bytes.ts'
import type { AgentAnswer, RawPush } from '../../../src/devtools/agent-link.ts'
import { LoopbackServer, type LoopbackServerOptions } from '../../../src/devtools/loopback-server.ts'
import { OtlpHttp, type OtlpHttpOptions } from '../../../src/devtools/otlp-http.ts'
import { BODY_BLOCK_BYTES } from '../../../src/devtools/read-body.ts'
import { ask, JSON_TYPE, PROTOBUF, RawConnection, rpcStatusOf, type RawRequest } from './raw-http.ts'

const OK: AgentAnswer = { status: 200, encoding: 'protobuf', retryAfterS: 0, body: new Uint8Array() }
const servers: LoopbackServer[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close(0)))
})

async function serve(
  answer: (push: RawPush) => AgentAnswer | undefined | Promise<AgentAnswer | undefined>,
  options: OtlpHttpOptions & LoopbackServerOptions = {},
) {
  const pushes: RawPush[] = []
  const push = async (raw: RawPush): Promise<AgentAnswer | undefined> => {
    pushes.push(raw)
    return answer(raw)
  }
  const otlp = new OtlpHttp({ push }, options)
  const server = new LoopbackServer((...args) => otlp.handle(...args), options)
  servers.push(server)
  return { port: await server.listen(0), otlp, pushes }
}

function headOf(port: number, more: string, path = '/v1/traces'): string {
  return `POST ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: ${PROTOBUF}\r\n${more}\r\n`
}

describe('passing on', () => {
  test('[OH15] the body goes to the agent as it came, with what it is', async () => {
    const { port, pushes } = await serve(() => OK)
    const body = Uint8Array.of(1, 2, 3)
    await ask({ port, body, path: '/v1/logs', headers: { 'content-encoding': 'gzip' } })
    expect(pushes).toMatchObject([{ signal: 'logs', encoding: 'protobuf', gzip: true, length: 3 }])
    expect(concat(...(pushes[0] as RawPush).blocks)).toEqual(body)
  })
  test('[OH15] an empty body is passed on too', async () => {
    const { port, pushes } = await serve(() => OK)
    expect((await ask({ port })).status).toBe(200)
    expect(pushes).toMatchObject([{ length: 0, blocks: [] }])
  })
  test.each([
    [200, 0],
    [400, 0],
    [413, 0],
    [503, 2],
  ])("[OH15] the agent's %s is the client's", async (status, retryAfterS) => {
    const { port } = await serve(() => ({ status, encoding: 'json', retryAfterS, body: utf8('{"a":1}') }))
    const got = await ask({ port, headers: { 'content-type': JSON_TYPE } })
    expect(got).toMatchObject({ status, headers: { 'content-type': JSON_TYPE } })
    expect(got.headers['retry-after']).toBe(retryAfterS > 0 ? String(retryAfterS) : undefined)
    expect(got.body.toString()).toBe('{"a":1}')
  })
  test.each<[string, Partial<AgentAnswer>]>([
    ['204', { status: 204 }],
    ['404', { status: 404 }],
    ['500', { status: 500 }],
    ['503 without a pause', { status: 503 }],
    ['400 in another encoding', { status: 400, encoding: 'json' }],
  ])("[OH15] the agent's %s is about the hop, so the client may try again", async (_, answer) => {
    const { port } = await serve(() => ({ ...OK, body: utf8('secret of the hop'), ...answer }))
    const got = await ask({ port })
    expect(got).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    expect(rpcStatusOf(got)).toMatchObject({ code: 14, message: 'the agent does not answer' })
  })
  test('[OH12] no answer from the agent is 503 with a pause of a second', async () => {
    const { port } = await serve(() => undefined)
    const got = await ask({ port, headers: { 'content-type': JSON_TYPE } })
    expect(got).toMatchObject({ status: 503, headers: { 'retry-after': '1', 'content-type': JSON_TYPE } })
    expect(rpcStatusOf(got).code).toBe(14)
  })
})

describe('refusing', () => {
  test.each<[number, number, Partial<RawRequest>]>([
    [403, 7, { headers: { host: 'evil.example' } }],
    [404, 5, { path: '/metrics' }],
    [405, 12, { method: 'PUT' }],
    [415, 3, { headers: { 'content-encoding': 'br' } }],
    [413, 8, { body: new Uint8Array(101) }],
    [413, 8, { body: new Uint8Array(101), chunked: true }],
  ])(
    '[OH11] %i is a google.rpc.Status with code %i in either encoding, and the agent hears nothing',
    async (status, code, row) => {
      const { port, pushes } = await serve(() => OK, { maxBodyBytes: 100 })
      for (const type of [PROTOBUF, JSON_TYPE]) {
        const got = await ask({ port, ...row, headers: { 'content-type': type, ...row.headers } })
        expect(got).toMatchObject({ status, headers: { 'content-type': type } })
        expect(rpcStatusOf(got).code).toBe(code)
        expect(rpcStatusOf(got).message).not.toBe('')
      }
      expect(pushes).toEqual([])
    },
  )
  test('[OH3] no answer ever allows another origin', async () => {
    const { port } = await serve(() => OK)
    const preflight = { origin: 'http://evil.example', 'access-control-request-method': 'POST' }
    for (const method of ['OPTIONS', 'POST', 'GET']) {
      const { headers } = await ask({ port, method, headers: preflight })
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })
  test('[OH4] 405 says what is allowed', async () => {
    const { port } = await serve(() => OK)
    expect((await ask({ port, method: 'GET' })).headers).toMatchObject({ allow: 'POST' })
  })
  test('[OH7] a declared length over the limit is refused before any of the body is sent', async () => {
    const { port } = await serve(() => OK, { maxBodyBytes: 100 })
    const client = new RawConnection(port).write(headOf(port, 'Content-Length: 101\r\n'))
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 413 /)
    client.socket.destroy()
  })
  test('[OH7] a client that asks first is refused without being told to continue, or told', async () => {
    const { port } = await serve(() => OK, { maxBodyBytes: 100 })
    const expects = 'Expect: 100-continue\r\n'
    const refused = new RawConnection(port).write(headOf(port, `${expects}Content-Length: 101\r\n`))
    expect(await refused.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 413 /)
    const taken = new RawConnection(port).write(headOf(port, `${expects}Content-Length: 1\r\n`))
    expect(await taken.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 100 /)
    expect(await taken.write('x').until('HTTP/1.1 200 ')).toContain(PROTOBUF)
    refused.socket.destroy()
    taken.socket.destroy()
  })
  test('[OH2] an expectation nobody knows changes nothing about who may ask', async () => {
    const { port } = await serve(() => OK)
    const strange = `POST /v1/traces HTTP/1.1\r\nHost: evil.example\r\nExpect: cake\r\nContent-Length: 0\r\n\r\n`
    const client = new RawConnection(port).write(strange)
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 403 /)
    client.socket.destroy()
  })
  test('[OH7] who goes on sending after a refusal gets the answer, and is cut off soon', async () => {
    const { port } = await serve(() => OK, { maxBodyBytes: 100, lingerMs: 50 })
    const client = new RawConnection(port).write(headOf(port, 'Transfer-Encoding: chunked\r\n'))
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`
    client.socket.on('drain', () => client.write(chunk.repeat(64)))
    client.write(chunk.repeat(64))
    expect(await client.until('HTTP/1.1')).toMatch(/^HTTP\/1.1 413 /)
    await client.closed
  })
  test('[OH7] who stops sending after a refusal keeps the connection', async () => {
    const { port } = await serve(() => OK, { lingerMs: 50 })
    const client = new RawConnection(port).write(`${headOf(port, 'Content-Length: 2\r\n', '/nowhere')}ab`)
    await client.until('HTTP/1.1 404 ')
    const pause = new Promise((resolve) => setTimeout(resolve, 60)) // longer than the linger that must not cut this one
    await pause
    client.write(headOf(port, 'Content-Length: 0\r\n'))
    expect(await client.until('HTTP/1.1 200 ')).toContain('HTTP/1.1 404 ')
    client.socket.destroy()
  })
})

describe('bounds', () => {
  test('[OH13] one request more than fits is 503 with a pause; after an answer there is room again', async () => {
    const waiting: (() => void)[] = []
    const { port, otlp } = await serve(
      () => new Promise((resolve) => waiting.push(() => resolve(OK))), // prettier-ignore
      { maxRequests: 1 },
    )
    const first = ask({ port })
    await expect.poll(() => waiting.length).toBe(1)
    const refused = await ask({ port })
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    expect(rpcStatusOf(refused).code).toBe(14)
    waiting.pop()?.()
    expect((await first).status).toBe(200)
    expect(otlp.requestsInFlight).toBe(0)
    const next = ask({ port })
    await expect.poll(() => waiting.length).toBe(1)
    waiting.pop()?.()
    expect((await next).status).toBe(200)
  })
  test('[OH13] bodies that together exceed the bytes in flight are 503, by declared length or as they come', async () => {
    const { port } = await serve(() => OK, { maxBytes: BODY_BLOCK_BYTES })
    const body = new Uint8Array(BODY_BLOCK_BYTES + 1)
    expect((await ask({ port, body })).status).toBe(503)
    expect((await ask({ port, body, chunked: true })).status).toBe(503)
    expect((await ask({ port, body: body.subarray(1) })).status).toBe(200)
  })
  test.each([
    ['says nothing', () => ''],
    ['never ends its head', (port: number) => headOf(port, 'X-Slow: ').trimEnd()],
    ['never ends its body', (port: number) => `${headOf(port, 'Content-Length: 100\r\n')}x`],
  ])('[OH14] a client that %s is cut off and holds no place', async (_, text) => {
    const { port, otlp, pushes } = await serve(() => OK, { headTimeoutMs: 50, requestTimeoutMs: 100 })
    const client = new RawConnection(port).write(text(port))
    await client.closed
    await expect.poll(() => otlp.requestsInFlight).toBe(0)
    expect(pushes).toEqual([])
  })
  test('[OH14] a connection that is silent between requests is closed', async () => {
    const { port } = await serve(() => OK, { idleTimeoutMs: 50 })
    const client = new RawConnection(port).write(headOf(port, 'Content-Length: 0\r\n'))
    await client.closed
    expect(client.text).toMatch(/^HTTP\/1.1 200 /)
  })
  test('[OH14] connections that say nothing, or half a head, do not keep an exporter out', async () => {
    const { port } = await serve(() => OK, { maxConnections: 4 })
    const silent = Array.from({ length: 8 }, (_, i) => new RawConnection(port).write(i % 2 === 0 ? '' : 'POST /v1/tr'))
    await Promise.all(silent.map(({ socket }) => once(socket, 'connect')))
    expect((await ask({ port })).status).toBe(200)
    await (silent[0] as RawConnection).closed
    for (const { socket } of silent) socket.destroy()
  })
  test('[OH14] a client that goes away in the middle of its body holds no place', async () => {
    const { port, otlp } = await serve(() => OK)
    const client = new RawConnection(port).write(`${headOf(port, 'Content-Length: 100\r\n')}x`)
    await expect.poll(() => otlp.requestsInFlight).toBe(1)
    client.socket.destroy()
    await expect.poll(() => otlp.requestsInFlight).toBe(0)
  })
})

describe('listening', () => {
  test('[OH1] a port in use is replaced by a free one', async () => {
    const first = await serve(() => OK)
    const server = new LoopbackServer(async () => {})
    servers.push(server)
    const port = await server.listen(first.port)
    expect(port).not.toBe(first.port)
    expect(port).toBeGreaterThan(0)
  })
  test('[OH1] ::1 serves under the same port, where the machine has it', async () => {
    const { port } = await serve(() => OK)
    const got = await ask({ port, address: '::1', headers: { host: `[::1]:${port}` } }).catch((err: unknown) => err)
    if (got instanceof Error) expect((got as NodeJS.ErrnoException).code).toBe('EADDRNOTAVAIL')
    else expect(got).toMatchObject({ status: 200 })
  })
  test('[OH17] closing cuts whoever is still there after the grace', async () => {
    const { port, otlp } = await serve(() => new Promise(() => {}))
    const client = new RawConnection(port).write(headOf(port, 'Content-Length: 0\r\n'))
    await expect.poll(() => otlp.requestsInFlight).toBe(1)
    await servers.pop()?.close(10)
    await client.closed
    expect(client.text).toBe('')
  })
})
