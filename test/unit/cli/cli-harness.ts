/** The command line in this process: what it prints is caught, the agent it talks to is a list of routes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { HttpServer, type Route } from '../../../src/agent/http-server.ts'
import type { AgentHost } from '../../../src/cli/agent-host.ts'
import { runCli } from '../../../src/cli/run-cli.ts'
import { layOutHome } from '../../../src/platform/home.ts'
import { manualClock } from '../../support/manual-clock.ts'

export interface CliRun {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
  /** The one JSON document that stdout must be. */
  readonly json: unknown
}

export interface CliHarness {
  readonly home: string
  /** Calls of the host, in order: name and what it was given. */
  readonly hostCalls: readonly (readonly [string, Readonly<Record<string, unknown>>])[]
  run(...argv: readonly string[]): Promise<CliRun>
  /** An agent that answers these routes, from now on. */
  serve(routes: readonly Route[]): Promise<void>
  remove(): Promise<void>
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }

export function cliHarness(host: Partial<AgentHost> = {}): CliHarness {
  const home = mkdtempSync(join(tmpdir(), 'cli-'))
  const hostCalls: [string, Readonly<Record<string, unknown>>][] = []
  const servers: HttpServer[] = []
  const recording: AgentHost = {
    initDevice: async ({ home: at, name, keyStore, passphrase }) => {
      hostCalls.push(['initDevice', { home: at, name, keyStore, passphrase }])
      return (
        host.initDevice?.({ home: at, name, keyStore, passphrase }) ?? { deviceId: 'ab'.repeat(32), name, keyStore }
      )
    },
    runAgent: async (options) => {
      hostCalls.push(['runAgent', { ...options }])
      await host.runAgent?.(options)
    },
    callOffline: async (call) => {
      hostCalls.push(['callOffline', { ...call }])
      return (await host.callOffline?.(call)) ?? { status: 200, json: {} }
    },
    readKeyStore: host.readKeyStore ?? (async () => 'file'),
  }
  return {
    home,
    hostCalls,
    run: (...argv) => caught(() => runCli(['--home', home, ...argv], recording, '1.2.3')),
    async serve(routes) {
      const { runFolder, socketFile, tokenFile } = layOutHome(home)
      mkdirSync(runFolder, { recursive: true })
      writeFileSync(tokenFile, 'token')
      const server = new HttpServer(
        { log: silent, clock: manualClock() },
        { socketFile, routes, tokens: { cli: 'token', devtools: 'other' } },
      )
      await server.start()
      servers.push(server)
    },
    async remove() {
      for (const server of servers) await server.stop()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

async function caught(work: () => Promise<number>): Promise<CliRun> {
  const said = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text: string | Uint8Array) => {
      said[name] += String(text)
      return true
    }),
  )
  try {
    const exit = await work()
    return {
      exit,
      ...said,
      get json(): unknown {
        return JSON.parse(said.stdout)
      },
    }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}
