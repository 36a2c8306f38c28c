/**
 * A process of the bare pipeline: HTTP whose bodies go to a thread with a database, each answered after its commit.
 * `bare-store.ts WORK FILE [SOCKET]`; without a socket it listens on a loopback port. Prints a line of JSON with its URL.
 */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Worker } from 'node:worker_threads'
import type { BareWork } from './bare-worker.ts'

const [work, file, socketPath] = process.argv.slice(2) as [BareWork, string, string | undefined]
const worker = new Worker(new URL('bare-worker.ts', import.meta.url), { workerData: { work, file } })
const waiting = new Map<number, () => void>()
let requests = 0

worker.on('message', (committed: readonly number[]) => {
  for (const id of committed) {
    waiting.get(id)?.()
    waiting.delete(id)
  }
})

const server = createServer((incoming, response) => {
  readBody(incoming, (body) => {
    const id = ++requests
    waiting.set(id, () => response.writeHead(200, { 'content-length': 0 }).end())
    worker.postMessage({ id, body }, [body.buffer])
  })
})
server.listen(socketPath ?? { port: 0, host: '127.0.0.1' }, () => {
  const url = socketPath === undefined ? `http://127.0.0.1:${(server.address() as AddressInfo).port}` : null
  process.stdout.write(`${JSON.stringify({ url })}\n`)
})

/** Into one piece of memory that can be moved to the other thread. */
function readBody(incoming: IncomingMessage, done: (body: Uint8Array<ArrayBuffer>) => void): void {
  const body = new Uint8Array(Number(incoming.headers['content-length']))
  let at = 0
  incoming.on('data', (chunk: Buffer) => {
    body.set(chunk, at)
    at += chunk.length
  })
  incoming.on('end', () => done(body))
}
