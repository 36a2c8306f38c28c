import { describe, expect, test } from 'vitest'
import type { LogLine, TraceList } from '../../../src/agent/http-types/traces.ts'
import { painter, wantsColour } from '../../../src/cli/render/colour.ts'
import { renderLogLines } from '../../../src/cli/render/log-lines.ts'
import { renderTable } from '../../../src/cli/render/table.ts'
import { renderTraceTable } from '../../../src/cli/render/trace-table.ts'

const paint = painter(false)

describe('tables', () => {
  const columns = [
    { title: 'name', minWidth: 4 },
    { title: 'count', align: 'right' as const },
    { title: 'note', minWidth: 6 },
  ]

  test('[QU16] columns are as wide as their widest cell, numbers on the right, no trailing spaces', () => {
    const table = renderTable(
      columns,
      [
        ['Phone', '7', 'x'],
        ['寿司', '1,204', ''],
      ],
      { width: 80, paint },
    )
    expect(table).toBe('name   count  note\nPhone      7  x\n寿司   1,204\n')
  })

  test('[QU16] what does not fit is cut where columns allow, what can spare most first', () => {
    const table = renderTable(columns, [['a'.repeat(20), '12345', 'b'.repeat(30)]], { width: 30, paint })
    expect(table).toBe('name       count  note\naaaaaaaa…  12345  bbbbbbbbbbb…\n')
  })

  test('[QU15] cells are made safe', () => {
    expect(renderTable([{ title: 'x' }], [['a\n\u001B[31mb']], { width: 80, paint })).toBe('x\na b\n')
  })

  test('[QU19] styles colour the cell and nothing else', () => {
    const cell = { text: 'bad', styles: ['red'] as const }
    const table = renderTable([{ title: 'x' }, { title: 'y' }], [[cell, 'z']], { width: 80, paint: painter(true) })
    expect(table.split('\n')[1]).toBe('\u001B[31mbad\u001B[0m  z')
  })
})

describe('the list of traces', () => {
  const entry = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    rootName: 'hear utterance',
    startUnixNano: '1795377600000000000',
    durationMs: 1180,
    spans: 14,
    errors: 0,
    devices: [
      { deviceId: 'aa', name: 'Phone' },
      { deviceId: 'bb', name: 'Laptop' },
    ],
    modules: ['core'],
  }

  test('[QU13] one line a trace, with when, how long, where and what', () => {
    const other = { ...entry, traceId: '4bf92f3577b34da6a3ce929d0e0e4736', rootName: null, errors: 2 }
    const list: Pick<TraceList, 'traces'> = { traces: [entry, other] }
    const table = renderTraceTable(list, { width: 120, color: false, nowUnixMs: 1_795_377_720_000 })
    expect(table.split('\n')).toEqual([
      'trace           started    took  spans  errors  devices        root span',
      '0af7651916cd  2 min ago  1.18 s     14       -  Phone, Laptop  hear utterance',
      '4bf92f3577b3  2 min ago  1.18 s     14       2  Phone, Laptop  (root is not here)',
      '',
    ])
  })

  test('[QU21] ids that begin alike are shown whole', () => {
    const other = { ...entry, traceId: `${entry.traceId.slice(0, 31)}d` }
    const table = renderTraceTable({ traces: [entry, other] }, { width: 120, color: false, nowUnixMs: 0 })
    expect(table).toContain(`\n${entry.traceId}  `)
    expect(table).toContain(`\n${other.traceId}  `)
  })

  test('[QU21] an id of 64 bits is shown without the zeros before it, whole where two begin alike', () => {
    const padded = (digits: string) => ({ ...entry, traceId: `${'0'.repeat(16)}${digits}` })
    const rows = (...traces: readonly (typeof entry)[]) =>
      renderTraceTable({ traces }, { width: 120, color: false, nowUnixMs: 0 })
        .split('\n')
        .map((line) => line.split(' ')[0])
    expect(rows(padded('463ac35c9f6413ad'), entry)).toEqual(['trace', '463ac35c9f64', '0af7651916cd', ''])
    expect(rows(padded('463ac35c9f6413ad'), padded('463ac35c9f64ffff')).slice(1, 3)).toEqual([
      '463ac35c9f6413ad',
      '463ac35c9f64ffff',
    ])
  })

  test('[QU13] an empty list says so', () => {
    expect(renderTraceTable({ traces: [] }, { width: 80, color: false, nowUnixMs: 0 })).toBe('No traces yet.\n')
  })
})

describe('log lines', () => {
  const line: LogLine = {
    timeUnixNano: '1795377600123456789',
    severity: 'warn',
    severityNumber: 13,
    body: 'no\nvoice',
    traceId: null,
    spanId: null,
    deviceId: 'aa',
    deviceName: 'Phone',
    module: 'core',
    provenance: 'verified',
    attributes: {},
  }

  test('[QU14] one line a record, in UTC, hostile text made safe', () => {
    const logs = [line, { ...line, severity: 'info' as const, module: 'otlp/embodiment', body: '\u001B[2Jok' }]
    expect(renderLogLines({ logs, omitted: 3, omittedChunks: 0, unreadableChunks: 0 }, { color: false })).toBe(
      '3 older records not listed\n' +
        '2026-11-22T20:00:00.123Z WARN  Phone/core            no voice\n' +
        '2026-11-22T20:00:00.123Z INFO  Phone/otlp/embodiment ok\n',
    )
  })

  test('[CL23] where in the code it was written and its trace come last, made safe; what is not there is left out', () => {
    const lineOf = (more: Partial<LogLine>): string =>
      renderLogLines(
        { logs: [{ ...line, body: 'x', ...more }], omitted: 0, omittedChunks: 0, unreadableChunks: 0 },
        { color: false },
      ).slice('2026-11-22T20:00:00.123Z WARN  Phone/core '.length)
    const code = { 'code.function.name': 'ask\u001B[2J', 'code.file.path': '/home/ann/cart.ts', 'code.line.number': 31 }
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    expect(lineOf({ attributes: code, traceId })).toBe('x (ask cart.ts:31) [trace 0af7651916cd]\n')
    expect(lineOf({ attributes: { 'code.filepath': String.raw`C:\a\b.py`, 'code.lineno': '7' } })).toBe('x (b.py:7)\n')
    expect(lineOf({ attributes: { 'code.function.name': { no: 'text' }, 'code.line.number': 3 } })).toBe('x\n')
  })

  test('[QU14] a time no calendar holds is printed as it is', () => {
    const logs = [{ ...line, timeUnixNano: '18446744073709551615000' }]
    expect(renderLogLines({ logs, omitted: 0, omittedChunks: 0, unreadableChunks: 0 }, { color: false })).toMatch(
      /^18446744073709551615000 /,
    )
  })

  test('[QU23] chunks that were not looked at are said, also when nothing else is', () => {
    expect(renderLogLines({ logs: [], omitted: 0, omittedChunks: 2, unreadableChunks: 0 }, { color: false })).toBe(
      'There may be older ones: not all that is stored was looked at.\n',
    )
  })

  test('[QU14] nothing to list is said', () => {
    expect(renderLogLines({ logs: [], omitted: 0, omittedChunks: 0, unreadableChunks: 0 }, { color: false })).toBe(
      'No log records here.\n',
    )
  })
})

describe('colours', () => {
  test.each([
    { name: 'a terminal', env: {}, isTerminal: true, want: true },
    { name: 'a pipe', env: {}, isTerminal: false, want: false },
    { name: 'NO_COLOR on a terminal', env: { NO_COLOR: '1' }, isTerminal: true, want: false },
    { name: 'NO_COLOR against FORCE_COLOR', env: { NO_COLOR: '1', FORCE_COLOR: '1' }, isTerminal: true, want: false },
    { name: 'an empty NO_COLOR', env: { NO_COLOR: '' }, isTerminal: true, want: true },
    { name: 'FORCE_COLOR in a pipe', env: { FORCE_COLOR: '1' }, isTerminal: false, want: true },
    { name: 'FORCE_COLOR=0', env: { FORCE_COLOR: '0' }, isTerminal: true, want: false },
    { name: 'a dumb terminal', env: { TERM: 'dumb' }, isTerminal: true, want: false },
  ])('[QU19] $name: $want', ({ env, isTerminal, want }) => {
    expect(wantsColour(env, isTerminal)).toBe(want)
  })
})
