import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { jsonBody, type Route } from '../../../src/agent/http-server.ts'
import type { StageName } from '../../../src/agent/http-types/device.ts'
import type { ErrorList, ServiceMap, StatisticsList } from '../../../src/agent/http-types/search.ts'
import type { LogLine, LogList, Looked } from '../../../src/agent/http-types/traces.ts'
import { displayWidth } from '../../../src/cli/render/display-width.ts'
import { renderErrors } from '../../../src/cli/render/error-table.ts'
import { renderPlainErrors } from '../../../src/cli/render/plain-errors.ts'
import { renderServiceMap } from '../../../src/cli/render/service-map.ts'
import { renderStatistics } from '../../../src/cli/render/statistics-table.ts'
import { cliHarness, type CliHarness } from './cli-harness.ts'

let cli: CliHarness
const asked: unknown[] = []
beforeEach(() => {
  cli = cliHarness()
  asked.length = 0
})
afterEach(() => cli.remove())

const LOOKED: Looked = { chunks: 3, ofChunks: 3, records: 30, unreadable: 0, cut: null, backToUnixNano: null }

function answering(path: string, json: unknown): Route {
  const handle: Route['handle'] = (request) => {
    asked.push(jsonBody(request))
    return { json }
  }
  return { method: 'POST', path, capability: 'cli', handle }
}

/** What `errors` asks for besides: its words are those of the stage. */
function atStage(stage: StageName): Route {
  return { method: 'GET', path: '/v1/status', capability: 'cli', handle: () => ({ json: { stage } }) }
}

describe('traces search', () => {
  const trace = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    rootName: 'GET /cart',
    startUnixNano: '1795377600000000000',
    durationMs: 12,
    spans: 4,
    errors: 1,
    devices: [{ deviceId: 'aa', name: 'Phone' }],
    modules: ['otlp/shop'],
  }

  test('[SQ1] what is typed is asked for: a filter of all words, a range, an order, a time', async () => {
    await cli.serve([answering('/v1/search/traces', { traces: [trace], cursor: null, looked: LOOKED })])
    const filter = ['status=error', '"connection refused"']
    const range = ['--since', '1970-01-02', '--until', '1970-01-03']
    const list = ['--sort', 'duration', '--limit', '7', '--cursor', 'abc', '--timeout', '30']
    const { exit, stdout } = await cli.run('traces', 'search', ...filter, ...range, ...list)
    expect([exit, asked]).toEqual([
      0,
      [
        {
          filter: 'status=error "connection refused"',
          sinceUnixMs: 86_400_000,
          untilUnixMs: 172_800_000,
          sort: 'duration',
          limit: 7,
          cursor: 'abc',
          timeoutMs: 30_000,
        },
      ],
    ])
    expect(stdout).toContain('0af7651916cd')
    expect(stdout).toContain('GET /cart')
  })

  test('[SQ10] says what was not looked at, what could not be read, and how to get more', async () => {
    const looked = { ...LOOKED, chunks: 2, unreadable: 1, cut: 'time', backToUnixNano: '1795377600000000000' }
    await cli.serve([answering('/v1/search/traces', { traces: [trace], cursor: 'Zm9v', looked })])
    const { stdout } = await cli.run('traces', 'search')
    expect(asked).toEqual([{ limit: 20 }])
    expect(stdout.split('\n').slice(2)).toEqual([
      'Not all was looked at: its time was over after 30 records, back to 2026-11-22 20:00:00 (2 of 3',
      'chunks).',
      'Ask for less with --since or a filter, or give it longer with --timeout.',
      '1 stored chunk could not be read.',
      'More: the same with --cursor Zm9v',
      '',
    ])
  })

  test('[SQ8] nothing found is said', async () => {
    await cli.serve([answering('/v1/search/traces', { traces: [], cursor: null, looked: LOOKED })])
    expect((await cli.run('traces', 'search', 'x')).stdout).toBe('No such trace.\n')
  })

  test.each([
    { name: 'an order nobody knows', argv: ['--sort', 'name'] },
    { name: 'no time at all', argv: ['--timeout', '0'] },
    { name: 'an end of everything', argv: ['--until', 'all'] },
    { name: 'a range that ends before it begins', argv: ['--since', '1h', '--until', '2h'] },
  ])('[CL17] $name is misuse', async ({ argv }) => {
    const { exit, stderr } = await cli.run('traces', 'search', ...argv)
    expect([exit, stderr.startsWith('CLI_USAGE: ')]).toEqual([2, true])
  })
})

describe('logs', () => {
  const line: LogLine = {
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
  const list: LogList = {
    logs: [line],
    omitted: 0,
    omittedChunks: 0,
    unreadableChunks: 0,
    older: 'b2xk',
    newer: 'bmV3',
    looked: LOOKED,
  }

  test('[SQ1] words, conditions and a trace are asked for, each word by itself', async () => {
    await cli.serve([answering('/v1/search/logs', list)])
    const what = [
      '--grep',
      ' connection  refused',
      '--filter',
      'name=x',
      '--trace',
      '0af7',
      '--level',
      'warn',
      '--module',
      'core',
    ]
    const { exit, stdout } = await cli.run('logs', ...what, '--limit', '5')
    expect(exit).toBe(0)
    expect(asked).toEqual([
      {
        filter: 'name=x',
        where: [
          { field: 'text', op: '=', value: 'connection' },
          { field: 'text', op: '=', value: 'refused' },
          { field: 'severity', op: '>=', value: 'warn' },
          { field: 'module', op: '=', value: 'core' },
          { field: 'trace', op: '=', value: '0af7' },
        ],
        limit: 5,
      },
    ])
    expect(stdout).toBe(
      '2026-11-22T20:00:00.000Z WARN  Phone/core connection refused\nOlder: the same with --cursor b2xk\n',
    )
  })

  test('[CL23] with --json each is a line of OTLP/JSON, and what else there is the last one', async () => {
    const otlp = { resourceLogs: [] }
    const { logs: _, ...page } = list
    await cli.serve([
      answering('/v1/search/logs', {
        ...list,
        logs: [
          { ...line, otlp },
          { ...line, otlp },
        ],
      }),
    ])
    const { stdout } = await cli.run('logs', '--limit', '5', '--json')
    expect(asked).toEqual([{ limit: 5, otlp: true }])
    expect(stdout.split('\n').map((text) => (text === '' ? '' : JSON.parse(text)))).toEqual([
      otlp,
      otlp,
      { resourceLogs: [], ...page },
      '',
    ])
  })

  test('[QU29] a page says how to go on either way', async () => {
    await cli.serve([answering('/v1/search/logs', list)])
    const { stdout } = await cli.run('logs', '--cursor', 'x')
    expect(stdout).toContain('\nOlder: the same with --cursor b2xk\nNewer: the same with --cursor bmV3\n')
  })

  test('[QU14] without any it says so, or that none was found', async () => {
    await cli.serve([answering('/v1/search/logs', { ...list, logs: [], older: null, newer: null })])
    expect((await cli.run('logs')).stdout).toBe('No logs yet.\n')
    expect((await cli.run('logs', '--grep', 'x')).stdout).toBe('No such log record.\n')
  })
})

describe('errors', () => {
  const list: ErrorList = {
    errors: [
      {
        fingerprint: '0123456789abcdef',
        state: 'open',
        regressed: false,
        stateSinceUnixMs: null,
        firstRelease: null,
        lastRelease: '1.2.0',
        module: 'otlp/shop',
        service: 'shop',
        type: 'TimeoutError',
        message: 'no answer',
        frames: ['read (read.ts)'],
        count: 1234,
        spans: 1200,
        firstUnixNano: '1795370400000000000',
        lastUnixNano: '1795377480000000000',
        devices: [{ deviceId: 'aa', name: 'Phone' }],
        traceId: '0af7651916cd43dd8448eb211c80319c',
        spanId: null,
      },
    ],
    others: 2,
    otherStates: { open: 0, resolved: 3, muted: 1 },
    looked: { traces: { ...LOOKED, cut: 'time' }, logs: null },
  }

  test('[SQ15] what, where, how often and since when', () => {
    expect(renderErrors(list, { width: 120, color: false, nowUnixMs: 1_795_377_600_000 }).split('\n')).toEqual([
      'group     errors       last    since  where  devices  trace         state  what',
      '01234567   1,234  2 min ago  2 h ago  shop   Phone    0af7651916cd  open   TimeoutError: no answer (in read (read.ts))',
      'Not listed: 2 errors.',
      '',
    ])
  })

  test('[SQ15] the command says what was not looked at; no error is said', async () => {
    await cli.serve([answering('/v1/search/errors', list), atStage('pro')])
    const { stdout } = await cli.run('errors', 'timeout', '--since', '1970-01-02')
    expect(asked).toEqual([{ filter: 'timeout', sinceUnixMs: 86_400_000, state: 'open' }])
    expect(stdout).toContain('TimeoutError: no answer')
    expect(stdout).toContain('Not all was looked at')
    expect(stdout).toContain('Beside these: 3 resolved, 1 muted. See them with --state all.')
    expect(stdout).toContain('See one in full: aico-mesh errors show 01234567')
    expect(renderErrors({ errors: [], others: 0 }, { width: 80, color: false, nowUnixMs: 0 })).toBe('No errors.\n')
  })
})

describe('errors at casual', () => {
  const group: ErrorList['errors'][number] = {
    fingerprint: '0123456789abcdef',
    state: 'open',
    regressed: false,
    stateSinceUnixMs: null,
    module: 'core',
    service: 'core',
    type: 'TypeError',
    message: 'cannot read undefined',
    frames: ['ask (ask.ts)'],
    count: 1,
    spans: 0,
    firstUnixNano: '1795370400000000000',
    lastUnixNano: '1795377480000000000',
    firstRelease: null,
    lastRelease: null,
    devices: [{ deviceId: 'aa', name: 'Phone' }],
    traceId: null,
    spanId: null,
  }
  const rest = { otherStates: { open: 0, resolved: 0, muted: 0 }, looked: { traces: null, logs: LOOKED } }
  const nowUnixMs = 1_795_377_600_000

  test('[CL24] say who had a problem, how often and when, and nothing of what it was', async () => {
    const often = { ...group, module: 'memory', service: 'memory', count: 1_234 }
    expect(renderPlainErrors({ errors: [often, group], others: 2 }, { width: 80, nowUnixMs }).split('\n')).toEqual([
      'memory had 1,234 problems, the last 2 min ago.',
      'core had a problem, 2 min ago.',
      'Beside these: 2 problems.',
    ])
    const another = { ...group, count: 3, lastUnixNano: '1795377590000000000' }
    expect(renderPlainErrors({ errors: [group, often, another], others: 0 }, { width: 80, nowUnixMs })).toBe(
      'core had 4 problems, the last 10 s ago.\nmemory had 1,234 problems, the last 2 min ago.',
    )
    await cli.serve([answering('/v1/search/errors', { errors: [group], others: 0, ...rest }), atStage('casual')])
    const { stdout } = await cli.run('errors')
    expect(stdout).toMatch(/^core had a problem, .*\.\nFor whoever helps you: aico-mesh errors show 01234567\n$/)
  })

  test('[CL24] say so if there are none', async () => {
    await cli.serve([answering('/v1/search/errors', { errors: [], others: 0, ...rest }), atStage('casual')])
    expect((await cli.run('errors')).stdout).toBe('No problems.\n')
  })
})

describe('a filter for errors that only one kind of record can meet', () => {
  const looked = { traces: LOOKED, logs: LOOKED }
  test.each([
    {
      name: 'of log records',
      looked: { ...looked, traces: null },
      words: /^Spans were not looked at: .*only log records/m,
    },
    { name: 'of spans', looked: { ...looked, logs: null }, words: /^Log records were not looked at: .*only spans/m },
  ])('[SQ15] says what was not looked at: it is one $name', async ({ looked: those, words }) => {
    await cli.serve([
      answering('/v1/search/errors', {
        errors: [],
        others: 0,
        otherStates: { open: 0, resolved: 0, muted: 0 },
        looked: those,
      }),
      atStage('developer'),
    ])
    expect((await cli.run('errors', 'x=y')).stdout).toMatch(words)
    expect((await cli.run('errors')).stdout).toBe('No errors.\n')
  })

  test('[SQ15] says nothing where both kinds were looked at', async () => {
    await cli.serve([
      answering('/v1/search/errors', {
        errors: [],
        others: 0,
        otherStates: { open: 0, resolved: 0, muted: 0 },
        looked,
      }),
      atStage('developer'),
    ])
    expect((await cli.run('errors', 'x=y')).stdout).toBe('No errors.\n')
  })
})

describe('stats', () => {
  const row: StatisticsList['statistics'][number] = {
    module: 'otlp/shop',
    service: 'shop',
    name: 'GET /cart',
    kind: 'server',
    spans: 12_345,
    errors: 12,
    perSecond: 3.4321,
    totalMs: 1000,
    p50Ms: 12.3,
    p90Ms: 45,
    p99Ms: 1200,
    maxMs: 1300,
  }
  const list: StatisticsList = {
    statistics: [
      row,
      { ...row, module: 'core', service: null, name: 'think', kind: 'internal', errors: 0, perSecond: 0.001 },
    ],
    others: { spans: 7, errors: 1 },
    seconds: 3600,
    looked: LOOKED,
  }

  test('[SQ13] a line for each service and span: how many, how many failed, how long', () => {
    expect(renderStatistics(list, { width: 100, color: false }).split('\n')).toEqual([
      'service  span       kind       spans    rate    errors      p50    p90    p99',
      'shop     GET /cart  server    12,345  3.43/s  12 (<1%)  12.3 ms  45 ms  1.2 s',
      'core     think      internal  12,345   3.6/h         -  12.3 ms  45 ms  1.2 s',
      'Not listed: 7 spans, 1 error.',
      '',
    ])
  })

  test('[CL18] fits a terminal of 60 columns', () => {
    const long = {
      ...list,
      statistics: [{ ...row, service: 'a-service-with-a-long-name', name: 'GET /a/very/long/path' }],
    }
    const lines = renderStatistics(long, { width: 60, color: false }).split('\n')
    expect(lines.every((line) => displayWidth(line) <= 60)).toBe(true)
    expect(lines.join(' ')).toContain('Left out for want of room: kind')
  })

  test('[SQ13] the command asks for what was typed', async () => {
    await cli.serve([answering('/v1/search/statistics', { ...list, looked: { ...LOOKED, unreadable: 2 } })])
    const { stdout } = await cli.run('stats', 'kind=server', '--limit', '3')
    expect(asked).toEqual([{ filter: 'kind=server', limit: 3 }])
    expect(stdout).toContain('GET /cart')
    expect(stdout).toContain('\n2 stored chunks could not be read.\n')
  })

  test('[SQ13] nothing found is said', () => {
    const none = { ...list, statistics: [], others: { spans: 0, errors: 0 } }
    expect(renderStatistics(none, { width: 80, color: false })).toBe('No such span.\n')
  })
})

describe('map', () => {
  const node = (id: number, service: string, deviceName = 'Phone') => ({
    id,
    deviceId: deviceName,
    deviceName,
    module: `otlp/${service}`,
    service,
    spans: 5,
    errors: 0,
  })
  const answer: ServiceMap = {
    nodes: [node(0, 'app'), node(1, 'shop', 'Laptop'), node(2, 'idle')],
    edges: [
      { from: 0, to: 1, via: 'call', count: 1200, errors: 60, p50Ms: 3, p95Ms: 30 },
      { from: 1, to: 0, via: 'message', count: 2, errors: 0, p50Ms: 1, p95Ms: 2 },
    ],
    unknownCallers: 3,
    leftOut: 0,
    looked: LOOKED,
  }

  test('[SQ14] who calls whom, with the device where there are several', () => {
    expect(renderServiceMap(answer, { width: 100, color: false }).split('\n')).toEqual([
      'from                    to            times   errors   p50    p95',
      'Phone: app    calls     Laptop: shop  1,200  60 (5%)  3 ms  30 ms',
      'Laptop: shop  sends to  Phone: app        2        -  1 ms   2 ms',
      'Without calls between services: Phone: idle.',
      'Of 3 calls the caller is not here.',
      '',
    ])
  })

  test('[QU15] names from outside steer no terminal, in the table nor below it', () => {
    const evil = { ...answer, nodes: [node(0, 'a\u001B[2Jb'), node(1, 'c\nd'), node(2, 'e\u001B]0;x\u0007f')] }
    const text = renderServiceMap(evil, { width: 60, color: false })
    expect(text).not.toContain('\u001B')
    expect(text).toContain('Without calls between services: ef.')
  })

  test('[SQ14] the command asks for what was typed; no span is said', async () => {
    await cli.serve([answering('/v1/search/map', { ...answer, nodes: [], edges: [], unknownCallers: 0 })])
    expect((await cli.run('map', 'status=error')).stdout).toBe('No such span.\n')
    expect(asked).toEqual([{ filter: 'status=error' }])
  })
})
