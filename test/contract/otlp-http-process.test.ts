import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { DevtoolsProcess } from '../../src/agent/devtools-process.ts'
import { launchDevtools } from '../../src/devtools/launch.ts'
import { sandboxFlags } from '../../src/devtools/sandbox.ts'
import { nodeClock } from '../../src/platform/node-clock.ts'
import { ask, RawConnection } from '../unit/devtools/raw-http.ts'
import { FakeAgent, TOKEN } from './otlp-http-agent.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
let agent: FakeAgent
let devtools: DevtoolsProcess | undefined

beforeEach(async () => {
  agent = new FakeAgent()
  await agent.start()
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await devtools?.stop()
  devtools = undefined
  await agent.remove()
})

function create(options: { token?: string; port?: number } = {}): DevtoolsProcess {
  const { token = TOKEN, port = 0 } = options
  devtools = new DevtoolsProcess({ log: silent, clock: nodeClock }, { socketPath: agent.socketPath, token, port })
  return devtools
}

const portOf = (url: string | undefined) => Number(new URL(url ?? '').port)

async function isServing(url: string | undefined): Promise<boolean> {
  return ask({ port: portOf(url) }).then(
    () => true,
    () => false,
  )
}

describe('life', () => {
  test('[OH1] it listens on the port wanted, or on a free one if that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await create({ port }).start()
    expect(devtools?.url()).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(portOf(devtools?.url())).not.toBe(port)
    await devtools?.stop()
    await new Promise((closed) => other.close(closed))
    await devtools?.start()
    expect(await isServing(devtools?.url())).toBe(true)
  })
  test('[OH17] stop ends it, and a request under way does not hold it up for long', async () => {
    await create().start()
    const url = devtools?.url()
    agent.intercept = () => 'silence'
    const head = `POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`
    const client = new RawConnection(portOf(url)).write(`${head}Content-Length: 9\r\n\r\nabc`)
    await once(client.socket, 'connect')
    await devtools?.stop()
    expect(agent.links.size).toBe(0)
    expect(await isServing(url)).toBe(false)
    client.socket.destroy()
  })
  test('[OH17] it does not outlive an agent that is killed', async () => {
    const parent = fork(join(import.meta.dirname, 'otlp-http-parent.ts'), { execArgv: [] })
    parent.send({ socketPath: agent.socketPath, token: TOKEN, port: 0 })
    const [{ url }] = (await once(parent, 'message')) as [{ url: string }]
    expect(await isServing(url)).toBe(true)
    // The socket stays open, so that only the end of the parent itself can be what ends the child.
    const gone = agent.linkLost()
    parent.kill('SIGKILL')
    await gone
    expect(await isServing(url)).toBe(false)
  })
  test('[OH16] it ends when the agent ends the link, and comes back to the same port with the agent', async () => {
    await create().start()
    const [url, pid] = [devtools?.url(), devtools?.pid()]
    await agent.stop()
    await expect.poll(() => devtools?.url(), { timeout: 10_000 }).toBeUndefined()
    await agent.start()
    await expect.poll(() => devtools?.url(), { timeout: 10_000 }).toBe(url)
    expect(devtools?.pid()).not.toBe(pid)
    expect(await isServing(url)).toBe(true)
  })
  test('[OH19] killed, it comes back to the same port', async () => {
    await create().start()
    const [url, pid] = [devtools?.url(), devtools?.pid()]
    process.kill(pid as number, 'SIGKILL')
    await expect.poll(() => devtools?.url(), { timeout: 10_000 }).toBeUndefined()
    await expect.poll(() => devtools?.url(), { timeout: 10_000 }).toBe(url)
    expect(await isServing(url)).toBe(true)
  })
  test('[OH16] with a token the agent does not know it does not start', async () => {
    const start = create({ token: 'a token the agent does not know'.replaceAll(' ', '-') }).start()
    await expect(start).rejects.toMatchObject({
      code: 'DEVTOOLS_START_FAILED',
      message: expect.stringContaining('the agent refused the link'),
    })
    expect(devtools?.pid()).toBeUndefined()
  })
  test('[OH16] without an agent it does not start', async () => {
    await agent.stop()
    await expect(create().start()).rejects.toMatchObject({ code: 'DEVTOOLS_START_FAILED' })
    await agent.start()
  })
  test('[OH15] with a configuration that is none it ends', async () => {
    const child = launchDevtools()
    child.serve({ socketPath: agent.socketPath, token: 'short', port: 0 })
    await expect(child.listening).rejects.toMatchObject({ code: 'DEVTOOLS_START_FAILED' })
    expect(await child.exited).toMatchObject({ code: 1, stderr: 'the configuration is not one\n' })
  })
  test('[OH17] begun and not told what to serve, it keeps no process alive', async () => {
    const code = `const { launchDevtools } = await import('${new URL('../../src/devtools/launch.ts', import.meta.url).href}')
      const { pid } = launchDevtools()
      process.once('exit', () => process.stdout.write('the child is there: ' + process.kill(pid, 0)))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code])
    expect(stdout).toBe('the child is there: true')
  })
  test('[OH17] started by hand, without an agent above it, it ends', async () => {
    const main = new URL('../../src/devtools/main.ts', import.meta.url).pathname
    await expect(promisify(execFile)(process.execPath, [main])).rejects.toMatchObject({ code: 1 })
  })
})

describe('sandbox', () => {
  /** Runs `code` under the flags of the real process and answers what it prints. */
  async function inSandbox(code: string): Promise<string> {
    const args = [...sandboxFlags(), '--input-type=module', '-e', code]
    return (await promisify(execFile)(process.execPath, args, { env: {} })).stdout.trim()
  }
  const tried = (code: string) =>
    inSandbox(`try { ${code}; console.log('allowed') } catch (err) { console.log(err.code) }`)

  test("[OH18] it cannot read the home's keys", async () => {
    const keyFile = join(agent.home, 'master.key')
    writeFileSync(keyFile, 'secret')
    const read = `(await import('node:fs')).readFileSync(${JSON.stringify(keyFile)})`
    expect(await tried(read)).toBe('ERR_ACCESS_DENIED')
  })
  test.each([
    ['write a file', `(await import('node:fs')).writeFileSync('written', 'x')`, 'ERR_ACCESS_DENIED'],
    ['start a program', `(await import('node:child_process')).execFileSync('true')`, 'ERR_ACCESS_DENIED'],
    ['start a thread', `new (await import('node:worker_threads')).Worker('0', { eval: true })`, 'ERR_ACCESS_DENIED'],
    ['load native code', `process.dlopen({ exports: {} }, '/nowhere.node')`, 'ERR_DLOPEN_DISABLED'],
    [
      'use SQLite, which writes files past the permission model',
      `await import('node:sqlite')`,
      'ERR_UNKNOWN_BUILTIN_MODULE',
    ],
  ])('[OH18] it cannot %s', async (_, code, refusal) => {
    expect(await tried(code)).toBe(refusal)
  })
  test('[OH18] it can read its own code, which is what the other answers are measured against', async () => {
    const read = `(await import('node:fs')).readFileSync(${JSON.stringify(new URL('../../package.json', import.meta.url).pathname)})`
    expect(await tried(read)).toBe('allowed')
  })
  test.skipIf(process.platform !== 'linux')(
    '[OH18] the real process runs under these flags, and no secret is in sight',
    async () => {
      vi.stubEnv('MALLOC_ARENA_MAX', '2')
      await create().start()
      const read = (file: string) => readFileSync(`/proc/${devtools?.pid()}/${file}`, 'utf8').split('\0')
      const [cmdline, environ] = [read('cmdline'), read('environ')]
      expect(cmdline).toEqual(expect.arrayContaining(sandboxFlags()))
      expect([...cmdline, ...environ].join('\n')).not.toContain(TOKEN)
      const names = environ.map((entry) => entry.split('=', 1)[0]).filter((name) => name !== '')
      expect(names.filter((name) => !name?.startsWith('NODE_CHANNEL_'))).toEqual(['MALLOC_ARENA_MAX'])
    },
  )
})
