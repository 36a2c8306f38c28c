/** The metrics command and its pictures. */
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { MetricList, MetricRange } from '../../../src/agent/http-types/metrics.ts'
import type { Route } from '../../../src/agent/http-server.ts'
import { renderMetricChart } from '../../../src/cli/render/metric-chart.ts'
import { renderMetricTable } from '../../../src/cli/render/metric-table.ts'
import { formatValue } from '../../../src/cli/render/metric-value.ts'
import { blockPlot, sparkline } from '../../../src/cli/render/sparkline.ts'
import { displayWidth } from '../../../src/cli/render/display-width.ts'
import { cliHarness, type CliHarness } from './cli-harness.ts'

/** 2026-11-22T18:00:00Z */
const T0_MS = 1_795_370_400_000
const HOSTILE = 'a\u001B[31mb\nc\u202Ed'

const list: MetricList = {
  metrics: [
    summary({
      name: 'http.server.request.duration',
      unit: 's',
      type: 'histogram',
      temporality: 'cumulative',
      lastValue: null,
    }),
    summary({
      name: 'process.memory.usage',
      unit: 'By',
      type: 'sum',
      temporality: 'cumulative',
      lastValue: 123_456_789,
    }),
    summary({
      name: 'requests',
      unit: '{request}',
      type: 'sum',
      temporality: 'delta',
      monotonic: true,
      lastValue: 1_234,
      series: 12,
    }),
  ],
  omitted: 2,
  omittedChunks: 0,
  unreadableChunks: 1,
}

function summary(more: Partial<MetricList['metrics'][number]>): MetricList['metrics'][number] {
  const devices = [{ deviceId: 'ab'.repeat(32), name: 'phone' }]
  const kind = { name: 'm', unit: '1', type: 'gauge', temporality: null, monotonic: false, functions: ['avg'] } as const
  return { ...kind, series: 1, devices, modules: ['otlp/shop'], lastUnixMs: T0_MS - 30_000, lastValue: 1, ...more }
}

function range(lines: MetricRange['lines'], more: Partial<MetricRange> = {}): MetricRange {
  const kind = {
    name: 'memory',
    unit: 'By',
    type: 'gauge',
    temporality: null,
    monotonic: false,
    fn: 'avg',
    functions: ['avg'],
  } as const
  const steps = lines[0]?.values.length ?? 0
  const times = { fromUnixMs: T0_MS, toUnixMs: T0_MS + steps * 60_000, stepMs: 60_000 }
  const left = { omittedLines: 0, omittedSeries: 0, otherKinds: 0, omittedChunks: 0, unreadableChunks: 0 }
  return { ...kind, ...times, lines, exemplars: [], ...left, ...more }
}

const wave = Array.from({ length: 40 }, (_, i) => (i === 20 ? null : Math.round(50 + 50 * Math.sin(i / 6)) * 1_048_576))
const one = range([{ labels: { module: 'core' }, series: 1, values: wave }])
const several = range(
  [
    { labels: { device: 'phone', route: '/a', module: 'core' }, series: 1, values: wave },
    { labels: { device: 'phone', route: HOSTILE, module: 'core' }, series: 1, values: wave.map(() => null) },
    { labels: { device: 'phone', route: '/c', module: 'core' }, series: 1, values: wave.map(() => 'Infinity') },
  ],
  { omittedLines: 3, omittedSeries: 1_200, otherKinds: 2, unreadableChunks: 1 },
)

describe('pictures', () => {
  test('[ME48] of one line, a plot', () => {
    expect(renderMetricChart(one, { width: 60, color: false }).split('\n')).toEqual([
      'memory',
      'avg every 1m, 1 series, 2026-11-22 18:00 to 2026-11-22 18:40',
      'UTC',
      '   100 MiB       ▃▅▇██▇▅▂',
      '               ▄█████████▇▃',
      '             ▂▇████████████▇▂',
      '            ▅████████████████▄                   ▂▇',
      '           ███████████████████▇                 ▄██',
      '           ████████████████████ ▄             ▂▇███',
      '           ████████████████████ ██▄         ▂▅█████',
      '       0 B ████████████████████ ████▄▃▁▁▁▁▃▆███████',
      '',
    ])
  })
  const pictures = { one, several, nothing: range([{ labels: {}, series: 1, values: [null, null] }]) }
  test.each(Object.entries(pictures))(
    '[ME48] %s: no line is wider than the terminal, or ends in spaces',
    (_, picture) => {
      for (const width of [60, 61, 80, 100, 160]) {
        for (const line of renderMetricChart(picture, { width, color: false }).split('\n')) {
          expect(displayWidth(line)).toBeLessThanOrEqual(width)
          expect(line).toBe(line.trimEnd())
        }
      }
    },
  )
  test('[ME48] a name is whole where it fits a line, and who a line is of comes first', () => {
    const name = 'process.memory.usage.of.the.whole.program'
    const lines = ['core', 'agent'].map((module) => ({
      labels: { 'service.instance.id': module.repeat(20), module },
      series: 1,
      values: [1, 2],
    }))
    const [title, , , ...rows] = renderMetricChart(range(lines, { name }), { width: 80, color: false }).split('\n')
    expect(title).toBe(name)
    expect(rows.map((row) => row.split(' ')[0])).toEqual(['module=core', 'module=agent', ''])
  })
  test('[ME48] infinite values are said, and are not nothing', () => {
    const drawn = (...values: readonly (number | string | null)[]): string =>
      renderMetricChart(range([{ labels: {}, series: 1, values }]), { width: 80, color: false })
    expect(drawn('Infinity', null, '-Infinity')).toContain('2 values of infinity: no plot reaches there')
    expect(drawn('Infinity')).not.toContain('Nothing was recorded')
    expect(drawn(1, 'Infinity')).toContain('1 value of infinity: no plot reaches there')
    expect(drawn(null)).toContain('Nothing was recorded')
  })
  test('[ME48] in ASCII every character is ASCII', () => {
    const drawn = [one, several].map((picture) => renderMetricChart(picture, { width: 80, color: false, ascii: true }))
    const table = renderMetricTable(list, { width: 80, color: false, ascii: true, nowUnixMs: T0_MS })
    expect([...drawn, table].join('')).toMatch(/^[ -~\n]*$/)
  })
  test('[ME48] nothing that records say steers the terminal', () => {
    const named = range(one.lines, { name: HOSTILE })
    for (const text of [
      renderMetricChart(several, { width: 100, color: false }),
      renderMetricChart(named, { width: 100, color: false }),
    ]) {
      for (const control of ['\u001B', '\u202E']) expect(text).not.toContain(control)
    }
  })
  test('[ME48] labels that all lines have in common are not repeated, and what is left out is said', () => {
    const text = renderMetricChart(several, { width: 120, color: false })
    expect(text).toContain('route=/a')
    expect(text).not.toContain('device=phone')
    for (const note of [
      '3 more lines: --by LABEL joins them',
      '1,200 series not looked at',
      '2 series of this name',
      'values of infinity',
      '1 stored chunk could not be read',
    ]) {
      expect(text).toContain(note)
    }
  })
  test('[ME48] examples name their traces, those of the largest values', () => {
    const exemplar = (value: number) => ({
      timeUnixMs: T0_MS + value,
      value,
      traceId: `${value}`.padStart(32, '0'),
      spanId: null,
      deviceId: '',
    })
    const text = renderMetricChart(range(one.lines, { exemplars: [1, 5, 3, 4].map(exemplar) }), {
      width: 100,
      color: false,
    })
    expect([...text.matchAll(/trace 0*(\d)/g)].map(([, n]) => n)).toEqual(['5', '4', '3'])
  })
  test('[ME48] the list as a table', () => {
    expect(renderMetricTable(list, { width: 110, color: false, nowUnixMs: T0_MS })).toBe(
      [
        'metric                        type       unit       series     last  recorded  from',
        'http.server.request.duration  histogram  s               1        -  30 s ago  phone: otlp/shop',
        'process.memory.usage          sum        By              1  118 MiB  30 s ago  phone: otlp/shop',
        'requests                      counter    {request}      12   1.23 k  30 s ago  phone: otlp/shop',
        '2 metrics not listed',
        '1 stored chunk could not be read',
        '',
      ].join('\n'),
    )
  })
  test('[ME48] the list draws the last hour of what has one', () => {
    const trends = new Map([['requests', [null, 1, 2, null, 'NaN', 3, 8, null]]])
    const [title, , , requests] = renderMetricTable(list, { width: 110, color: false, nowUnixMs: T0_MS, trends }).split(
      '\n',
    )
    expect(title).toContain('    last  last hour  recorded')
    expect(requests).toContain('  1.23 k  ·▁▂··▃█·   30 s ago')
  })
})

describe('values', () => {
  const cases = [
    { value: 0.0123, unit: 's', want: '12.3 ms' },
    { value: -1.5, unit: 's', want: '-1.5 s' },
    { value: 90_000, unit: 'ms', want: '1m 30s' },
    { value: 1_536, unit: 'By', want: '1.5 KiB' },
    { value: 1_023.9, unit: 'By', want: '1 KiB' },
    { value: 999.9, unit: '1', want: '1 k' },
    { value: 12.345, unit: '%', want: '12.3 %' },
    { value: 7, unit: '{request}', want: '7' },
    { value: 7, unit: 'Cel', want: '7 Cel' },
    { value: 0, unit: 'By', want: '0 B' },
    { value: 'Infinity', unit: 's', want: 'Infinity' },
    { value: -1.005e-15, unit: 's', want: '0 ns' },
    { value: 0.5e-9, unit: 's', want: '0.5 ns' },
    { value: null, unit: 's', want: '-' },
  ]
  test.each(cases)('[ME48] $value $unit is $want', ({ value, unit, want }) => {
    expect(formatValue(value, { unit, isRate: false })).toBe(want)
  })
  test('[ME48] a rate is of a second', () => {
    expect(formatValue(2_048, { unit: 'By', isRate: true })).toBe('2 KiB/s')
    expect(formatValue(0.25, { unit: 's', isRate: true })).toBe('0.25 s/s')
  })
  test('[ME48] a utilization is told in percent, another number of no unit is not', () => {
    const name = 'system.cpu.utilization'
    expect(formatValue(0.0455, { unit: '1', name, isRate: false })).toBe('4.55 %')
    expect(formatValue(1, { unit: '1', name, isRate: false })).toBe('100 %')
    expect(formatValue(0.5, { unit: '1', name: 'queue.length', isRate: false })).toBe('0.5')
    expect(formatValue(0.5, { unit: 's', name, isRate: false })).toBe('500 ms')
  })
  test('[ME48] any number is at most thirteen characters', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.constantFrom('By', '1', 's'), (value, unit) => {
        expect(formatValue(value, { unit, isRate: false }).length).toBeLessThanOrEqual(13)
      }),
    )
  })
})

describe('lines of blocks', () => {
  test('[ME48] reach from the lowest to the highest value, and are empty where nothing was recorded', () => {
    const options = { cells: 8, range: { min: 0, max: 7 }, ascii: false }
    expect(sparkline([0, 1, 2, undefined, 4, 5, 6, 7], options)).toBe('▁▂▃ ▅▆▇█')
    expect(sparkline([0, 0, 7, 7], { ...options, cells: 2 })).toBe('▁█')
    expect(blockPlot([0, 3.5, undefined, 7], options, 2)).toEqual(['   █', '▁█ █'])
  })
})

describe('the command', () => {
  let cli: CliHarness
  let asked: string[]
  const answer = (path: string, json: unknown): Route => ({
    method: 'GET',
    path,
    capability: 'cli',
    handle: ({ params, query }) => {
      asked.push(`${params['metric'] ?? ''}?${query.toString()}`)
      return { json }
    },
  })
  beforeEach(async () => {
    asked = []
    cli = cliHarness()
    await cli.serve([answer('/v1/metrics', list), answer('/v1/metrics/:metric', one)])
  })
  afterEach(() => cli.remove())

  const lastHourOf = (name: string): RegExp =>
    new RegExp(`^${name}\\?sinceUnixMs=\\d+&untilUnixMs=\\d+&stepMs=300000&by=$`)
  test('[CL4] prints the answer in words, or as it is', async () => {
    expect(await cli.run('metrics')).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining('process.memory.usage') as string,
    })
    expect(asked).toEqual(['?', ...list.metrics.map(({ name }) => expect.stringMatching(lastHourOf(name)) as string)])
    expect((await cli.run('metrics', '--json')).json).toEqual(list)
    expect((await cli.run('metrics', 'memory', '--json')).json).toEqual(one)
  })
  test('[CL10] asks for what was typed', async () => {
    const times = ['--since', '2026-11-22T18:00:00Z', '--until', '2026-11-22T19:00:00Z']
    await cli.run('metrics', 'a/b?c', ...times, '--step', '5m', '--fn', 'p99', '--by', 'x,y', '--filter', 'a=b,c=d=e')
    await cli.run('metrics', 'm', ...times, '--by', 'all')
    expect(asked).toEqual([
      `a/b?c?sinceUnixMs=${T0_MS}&untilUnixMs=${T0_MS + 3_600_000}&stepMs=300000&fn=p99&by=x%2Cy&filter=a%3Db&filter=c%3Dd%3De`,
      `m?sinceUnixMs=${T0_MS}&untilUnixMs=${T0_MS + 3_600_000}&stepMs=60000&by=`,
    ])
  })
  test.each([
    { name: 'a step of nothing', argv: ['--step', '0s'] },
    { name: 'a step without a unit', argv: ['--step', '10'] },
    { name: 'a filter without a value', argv: ['--filter', 'module'] },
    { name: 'a function there is not', argv: ['--fn', 'median'] },
    { name: 'an end before the beginning', argv: ['--since', '1h', '--until', '2h'] },
  ])('[CL17] $name is misuse', async ({ argv }) => {
    expect(await cli.run('metrics', 'm', ...argv)).toMatchObject({
      exit: 2,
      stderr: expect.stringMatching(/^CLI_USAGE: /) as string,
    })
    expect(asked).toEqual([])
  })
})
