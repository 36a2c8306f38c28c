/**
 * A process of the bare pipeline: HTTP on a loopback port, each body handed on over a unix socket, the answer handed
 * back. `bare-front.ts SOCKET`. What the devtools process does, without a check. Prints a line of JSON with its URL.
 */
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

const socketPath = process.argv[2] as string
const agent = new Agent({ keepAlive: true })

const server = createServer((incoming, response) => {
  const headers = { 'content-length': incoming.headers['content-length'] ?? 0 }
  const onward = request({ socketPath, agent, method: 'POST', path: '/', headers }, (answer) => {
    answer.resume()
    response.writeHead(answer.statusCode ?? 500, { 'content-length': 0 }).end()
  })
  onward.on('error', () => response.destroy())
  incoming.pipe(onward)
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`)
})
