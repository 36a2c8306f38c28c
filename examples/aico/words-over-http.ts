/**
 * AICO's own link between modules on different devices, in the small: JSON over HTTP on the loopback. Nothing here knows
 * of tracing; a module passes the headers on. It prints one line of JSON with its address once it listens.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Words {
  readonly text: string
}
export interface WordsService {
  readonly path: string
  handle(words: Words, headers: IncomingHttpHeaders): Promise<Words>
  /** Called once the last request was answered, before the process ends. */
  stop(): Promise<unknown>
}

/** Longest request or answer, in characters: a person's sentence, with much room. */
const MAX_CHARS = 65_536

export function serveWords(service: WordsService): void {
  const server = createServer((request, response) => {
    answer(service, request, response).catch(() => response.writeHead(500).end())
  })
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    process.stdout.write(`${JSON.stringify({ event: 'ready', url: `http://127.0.0.1:${port}${service.path}` })}\n`)
  })
  untilStopped(async () => {
    server.closeIdleConnections()
    await new Promise((closed) => server.close(closed))
    await service.stop()
  })
}

/** For a module that only listens: resolves, and prints its line, once its agent has taken its subscriptions. */
export async function onceHeard(mesh: { flush(): Promise<boolean> }): Promise<void> {
  if (!(await mesh.flush())) throw new Error('the agent does not answer')
  process.stdout.write(`${JSON.stringify({ event: 'ready', url: null })}\n`)
}

/** Runs `stop` once, when somebody ends this process. */
export function untilStopped(stop: () => Promise<unknown>): void {
  let stopping: Promise<unknown> | undefined
  const end = (): void => {
    stopping ??= stop().finally(() => process.exit())
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end)
}

export async function sendWords(url: string, words: Words, headers: Record<string, string>): Promise<Words> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(words),
  })
  if (!response.ok) throw new Error(`${new URL(url).pathname} answered ${response.status}`)
  return toWords(await response.text())
}

async function answer(service: WordsService, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST' || request.url !== service.path) return void response.writeHead(404).end()
  const body = await readBody(request)
  if (body === undefined) return void response.writeHead(413, { connection: 'close' }).end()
  const words = await service.handle(toWords(body), request.headers)
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(words))
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  let body = ''
  request.setEncoding('utf8')
  for await (const chunk of request) {
    body += chunk as string
    if (body.length > MAX_CHARS) return undefined
  }
  return body
}

function toWords(body: string): Words {
  const words: unknown = JSON.parse(body)
  const isWords = typeof words === 'object' && words !== null && 'text' in words && typeof words.text === 'string'
  if (!isWords) throw new TypeError('not words')
  return words as Words
}
