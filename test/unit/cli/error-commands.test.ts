/** What `errors show|resolve|mute|reopen` ask of the agent, and the words they print. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ErrorDetail } from '../../../src/agent/http-types/search.ts'
import { renderError } from '../../../src/cli/render/error-detail.ts'
import { cliHarness, type CliHarness } from './cli-harness.ts'

const ESC = '\u001B'
const FINGERPRINT = '0123456789abcdef'
const NOW_MS = 1_795_377_600_000
const nano = (beforeMs: number): string => `${NOW_MS - beforeMs}000000`
const crumb = {
  timeUnixNano: nano(122_300),
  severity: 'warn',
  severityNumber: 13,
  body: 'slow\u001B[2J',
  traceId: null,
  spanId: null,
  deviceId: 'aa',
  deviceName: 'Phone',
  module: 'core',
  provenance: 'verified',
  attributes: {},
} as const
const DETAIL: ErrorDetail = {
  fingerprint: FINGERPRINT,
  state: 'open',
  regressed: true,
  stateSinceUnixMs: NOW_MS - 3_600_000,
  module: 'core',
  service: 'core',
  type: 'TimeoutError',
  message: 'no answer\u001B]0;title\u0007',
  frames: ['ask (ask.ts)'],
  count: 12,
  spans: 0,
  firstUnixNano: nano(86_400_000),
  lastUnixNano: nano(120_000),
  firstRelease: '1.0.0',
  lastRelease: '1.1.0',
  devices: [{ deviceId: 'aa', name: 'Phone' }],
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: null,
  stack: 'TimeoutError: no answer\u001B]0;title\u0007\n    at ask (/app/ask.ts:1:2)\n    at run (node:internal/x:3:4)',
  lastDeviceId: 'aa',
  releases: [{ release: '1.0.0', count: 12, firstUnixNano: nano(86_400_000), lastUnixNano: nano(120_000) }],
  timeline: [8, 0, 4],
  breadcrumbs: [crumb],
  looked: {
    traces: null,
    logs: { chunks: 1, ofChunks: 9, records: 3, unreadable: 0, cut: 'time', backToUnixNano: nano(86_400_000) },
  },
}

describe('errors show', () => {
  const render = (detail: ErrorDetail, color = false, showsTraces = true): string =>
    renderError(detail, { color, nowUnixMs: NOW_MS, showsTraces })

  test('[ER5] says what, how often, since when, in which releases, where it came from and what came before', () => {
    expect(render(DETAIL).split('\n')).toEqual([
      'TimeoutError: no answer',
      'group     01234567  came back, after it was resolved 1 h ago',
      'where     core on Phone',
      'how often 12 times',
      'first     1 d ago (2026-11-21T20:00:00.000Z)',
      'last      2 min ago (2026-11-22T19:58:00.000Z)',
      'over time |█ ▅|',
      'releases  1.0.0: 12 times, last 2 min ago',
      'trace     0af7651916cd',
      '',
      'Where it came from',
      '      at ask (/app/ask.ts:1:2)',
      '      at run (node:internal/x:3:4)',
      '',
      'What came before',
      '     -2.3 s WARN  slow',
      '',
      'Open its trace:  aico-mesh traces show 0af7651916cd',
      'Solved?          aico-mesh errors resolve 01234567',
    ])
  })

  test('[CL24] a trace that the stage does not show is not offered', () => {
    expect(render(DETAIL, false, false)).not.toContain('traces show')
  })

  test('[CL5] nothing of it steers the terminal, coloured or not', () => {
    const hostile = '\u001B[31m\u0007\u009B2J\u202Ex'
    const detail = { ...DETAIL, type: hostile, stack: `${hostile}\n  at ${hostile}`, releases: [] }
    expect(render(detail).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    const ownColours = new RegExp(`${ESC}\\[[0-9;]*m`, 'g')
    expect(render(detail, true).replaceAll(ownColours, '')).toBe(render(detail))
  })

  test('[ER5] of a long stack the lines that say most are printed; --json has them all', () => {
    const stack = `E: x\n${Array.from({ length: 50 }, (_, i) => `    at f${i} (x.js:1:1)`).join('\n')}`
    expect(render({ ...DETAIL, type: 'E', message: 'x', stack })).toContain('10 more lines: see --json')
  })

  test('[ER5] an error without a stack, a trace or anything before it has no empty parts', () => {
    const bare = {
      ...DETAIL,
      stack: '',
      frames: [],
      traceId: null,
      breadcrumbs: [],
      releases: [],
      state: 'muted',
      regressed: false,
    } as const
    const text = render(bare)
    expect(text).not.toMatch(/Where it came from|What came before|traces show|releases/)
    expect(text).toContain('Open it again:   aico-mesh errors reopen 01234567')
  })
})

describe('the commands', () => {
  let cli: CliHarness
  let asked: unknown[]
  beforeEach(async () => {
    asked = []
    cli = cliHarness()
    const [path, capability] = ['/v1/errors/:group', 'cli'] as const
    await cli.serve([
      {
        method: 'GET',
        path,
        capability,
        handle({ params, query }) {
          asked.push([params['group'], query.get('timeoutMs')])
          return { json: DETAIL }
        },
      },
      { method: 'GET', path: '/v1/status', capability, handle: () => ({ json: { stage: 'pro' } }) },
      {
        method: 'POST',
        path,
        capability,
        handle({ params, body }) {
          asked.push([params['group'], JSON.parse(new TextDecoder().decode(body))])
          return { json: DETAIL }
        },
      },
    ])
  })
  afterEach(() => cli.remove())

  test.each([
    ['resolve', 'resolved', 'If it comes back it is open again'],
    ['mute', 'muted', 'Muted'],
    ['reopen', 'open', 'errors show 01234567'],
  ])('[ER6] errors %s makes a group %s', async (verb, state, words) => {
    const { exit, stdout } = await cli.run('errors', verb, '0123')
    expect([exit, asked]).toEqual([0, [['0123', { state }]]])
    expect(stdout).toContain(words)
  })

  test('[ER4] [CL10] show asks for what was typed, whatever that is', async () => {
    await cli.run('errors', 'show', '0123', '--timeout', '5')
    await cli.run('errors', 'show', '../stage?x=1')
    expect(asked).toEqual([
      ['0123', '5000'],
      ['../stage?x=1', null],
    ])
    const { stdout } = await cli.run('errors', 'show', '0123')
    expect(stdout).toContain('Not all was looked at')
    expect(stdout).not.toContain('traces show') // at pro it would be refused
    expect((await cli.run('errors', 'show', '0123', '--json')).json).toEqual(DETAIL)
    expect((await cli.run('errors', 'show')).exit).toBe(2)
  })
})
