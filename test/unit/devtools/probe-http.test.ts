import { afterEach, expect, test } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import type { AgentAnswer } from '../../../src/devtools/agent-link.ts'
import { LoopbackServer } from '../../../src/devtools/loopback-server.ts'
import { ProbeHttp } from '../../../src/devtools/probe-http.ts'
import { ask } from './raw-http.ts'

const servers: LoopbackServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close(0)))
})

async function serve(answer: () => Promise<AgentAnswer | undefined>) {
  const asked: unknown[] = []
  const probes = new ProbeHttp({
    ask: (probe, isVerbose) => {
      asked.push([probe, isVerbose])
      return answer()
    },
  })
  const server = new LoopbackServer(async (request, response) => {
    if (!(await probes.handle(request, response))) response.writeHead(404).end()
  })
  servers.push(server)
  return { port: await server.listen(0), asked }
}
const said = (status: number, text: string) => async (): Promise<AgentAnswer> => ({
  status,
  encoding: 'json',
  retryAfterS: 0,
  body: utf8(text),
})

test("[HE24] the agent's answer is the program's, as text that nobody keeps", async () => {
  const { port, asked } = await serve(said(503, '[-] agent/disk: full\n'))
  const got = await ask({ port, method: 'GET', path: '/readyz' })
  expect([got.status, got.body.toString()]).toEqual([503, '[-] agent/disk: full\n'])
  expect(got.headers).toMatchObject({ 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
  await ask({ port, method: 'GET', path: '/livez?verbose' })
  expect(asked).toEqual([
    ['readyz', false],
    ['livez', true],
  ])
})

const strangers = [
  { name: 'another host', headers: { host: 'evil.example' } },
  { name: 'a web page', headers: { origin: 'http://evil.example' } },
  { name: 'a browser', headers: { 'sec-fetch-site': 'cross-site' } },
]
test.each(strangers)('[HE24] [OH2] [OH3] $name is told nothing, and the agent is not asked', async ({ headers }) => {
  const { port, asked } = await serve(said(200, 'ok\n'))
  expect((await ask({ port, method: 'GET', path: '/livez', headers })).status).toBe(403)
  expect(asked).toEqual([])
})

test('[HE24] another method is 405, another path is left to others', async () => {
  const { port, asked } = await serve(said(200, 'ok\n'))
  const got = await ask({ port, method: 'POST', path: '/livez' })
  expect([got.status, got.headers['allow']]).toEqual([405, 'GET'])
  expect((await ask({ port, method: 'GET', path: '/livez/more' })).status).toBe(404)
  expect(asked).toEqual([])
})

const silences = [
  { name: 'says nothing', answer: () => new Promise<undefined>(() => {}) },
  { name: 'is gone', answer: async () => undefined },
  { name: 'says what no probe says', answer: said(401, 'no') },
]
test.each(silences)('[HE25] an agent that $name is 503 within a second', async ({ answer }) => {
  const { port } = await serve(answer)
  const got = await ask({ port, method: 'GET', path: '/readyz' })
  expect([got.status, got.body.toString()]).toEqual([503, 'the agent does not answer\n'])
})
