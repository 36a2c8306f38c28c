import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { jsonBody, type Route } from '../../../src/agent/http-server.ts'
import type { LogLine } from '../../../src/agent/http-types/traces.ts'
import { cliHarness, type CliHarness } from './cli-harness.ts'

let cli: CliHarness
let asked: unknown[]
beforeEach(() => {
  asked = []
  cli = cliHarness()
})
afterEach(() => cli.remove())

const LINE: LogLine = {
  timeUnixNano: '1795377600000000000',
  severity: 'warn',
  severityNumber: 13,
  body: 'connection refused',
  traceId: null,
  spanId: null,
  deviceId: 'aa',
  deviceName: 'Phone',
  module: 'core',
  provenance: 'verified',
  attributes: {},
}

describe('tail', () => {
  const line = { ...LINE, body: 'one\u2028two' }
  const span = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: '00f067aa0ba902b7',
    parentSpanId: null,
    name: 'GET /cart',
    kind: 'server',
    status: 'error',
    statusMessage: 'no answer',
    startUnixNano: '1795377600000000000',
    durationNano: '1500000',
    deviceId: 'aa',
    deviceName: 'Phone',
    module: 'otlp/shop',
    service: 'shop',
    provenance: 'unverified',
    attributes: {},
  }

  function following(path: string, ...chunks: readonly (string | Uint8Array)[]): Route {
    const handle: Route['handle'] = (request) => {
      asked.push(jsonBody(request))
      return {
        stream: async (write) => {
          for (const chunk of chunks) await write(chunk)
        },
      }
    }
    return { method: 'POST', path, capability: 'cli', handle }
  }

  test('[SQ16] log records are printed as they come, whatever line breaks they hold; what is missing is said', async () => {
    const text = `${JSON.stringify(line)}\n{"dropped":3}\n${JSON.stringify(line)}\n`
    const bytes = new TextEncoder().encode(text)
    await cli.serve([following('/v1/tail/logs', bytes.subarray(0, 20), bytes.subarray(20))])
    const { exit, stdout, stderr } = await cli.run('tail', 'logs', 'severity>=warn', '--grep', 'one')
    const printed = '2026-11-22T20:00:00.000Z WARN  Phone/core               one two\n'
    expect(stdout).toBe(printed + printed)
    expect(stderr).toBe('3 records left out: they came too fast\nAGENT_UNREACHABLE: the agent ended the connection\n')
    expect([exit, asked]).toEqual([
      3,
      [{ filter: 'severity>=warn', where: [{ field: 'text', op: '=', value: 'one' }] }],
    ])
  })

  test('[SQ16] spans have their duration, their trace, and what went wrong', async () => {
    await cli.serve([following('/v1/tail/traces', `${JSON.stringify(span)}\n`)])
    const { stdout } = await cli.run('tail', 'traces')
    expect(stdout).toBe(
      '2026-11-22T20:00:00.000Z   1.5 ms Phone/shop               0af7651916cd ! GET /cart: no answer\n',
    )
  })

  test('[CL4] [CL23] with --json each is a line of OTLP/JSON that steers no terminal, what is missing too', async () => {
    const otlp = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: line.body } }] }] }] }
    await cli.serve([following('/v1/tail/logs', `${JSON.stringify({ ...line, otlp })}\n{"dropped":3}\n`)])
    const { stdout } = await cli.run('tail', 'logs', '--json')
    const [first = '', second] = stdout.split('\n')
    expect(asked).toEqual([{ otlp: true }])
    expect(first).toContain('one\\u2028two')
    expect(JSON.parse(first)).toEqual(otlp)
    expect(second).toBe('{"dropped":3}')
  })

  test('[CL2] where the agent ends it by policy, that is exit 4', async () => {
    const error = { code: 'STAGE_TOO_LOW', message: 'this needs the developer stage' }
    await cli.serve([following('/v1/tail/traces', `${JSON.stringify({ error })}\n`)])
    const { exit, stderr } = await cli.run('tail', 'traces')
    expect([exit, stderr]).toEqual([4, 'STAGE_TOO_LOW: this needs the developer stage\n'])
  })

  test('[CL2] without an agent there is nothing to follow', async () => {
    expect((await cli.run('tail', 'logs')).exit).toBe(3)
  })
})

describe('logs --follow', () => {
  const at = (second: number, body: string): LogLine => ({
    ...LINE,
    timeUnixNano: `${1_795_377_600 + second}000000000`,
    body,
    otlp: { resourceLogs: body },
  })
  const list = { logs: [at(1, 'first'), at(2, 'second')], omitted: 0, omittedChunks: 0, unreadableChunks: 0 }
  const serve = (...live: readonly LogLine[]) =>
    cli.serve([
      {
        method: 'POST',
        path: '/v1/search/logs',
        capability: 'cli',
        handle(request) {
          asked.push(jsonBody(request))
          return { json: { ...list, older: null, newer: null } }
        },
      },
      {
        method: 'POST',
        path: '/v1/tail/logs',
        capability: 'cli',
        handle(request) {
          asked.push(jsonBody(request))
          return { stream: async (write) => write(live.map((line) => `${JSON.stringify(line)}\n`).join('')) }
        },
      },
    ])

  test('[SQ16] lists what was before, then what comes; what is in both is printed once', async () => {
    await serve(at(2, 'second'), at(3, 'third'))
    const { stdout, exit } = await cli.run('logs', '-f', '--filter', 'severity>=warn', '--since', '1970-01-02')
    const filter = 'severity>=warn'
    expect(asked).toEqual([{ filter }, { limit: 10, filter, sinceUnixMs: 86_400_000 }])
    expect(stdout.split('\n').map((line) => line.split(' ').at(-1))).toEqual(['first', 'second', 'third', ''])
    expect(exit).toBe(3)
  })

  test('[CL4] [CL23] with --json each is a line of OTLP/JSON, what was before too', async () => {
    await serve(at(3, 'third'))
    const { stdout } = await cli.run('logs', '--follow', '--json')
    expect(asked).toEqual([{ otlp: true }, { limit: 10, otlp: true }])
    const lines = ['first', 'second', 'third'].map((body) => `{"resourceLogs":"${body}"}`)
    expect(stdout.split('\n').slice(0, 3)).toEqual(lines)
  })

  test.each(['--until', '--cursor'])('[CL17] %s says the opposite', async (option) => {
    const { exit, stderr } = await cli.run('logs', '--follow', option, '2h')
    expect([exit, stderr]).toEqual([2, `CLI_USAGE: --follow goes on from now: it takes no ${option}\n`])
  })
})
