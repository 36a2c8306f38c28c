import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  MAX_CONDITIONS,
  MAX_KEY_BYTES,
  MAX_TEXT_WORDS,
  MAX_VALUE_BYTES,
} from '../../../../src/query/search/condition.ts'
import type { Condition, SearchLane } from '../../../../src/query/search/condition.ts'
import { MAX_FILTER_CHARS, readFilterText } from '../../../../src/query/search/read-filter-text.ts'
import { SearchError } from '../../../../src/query/search/search-error.ts'

/** 2026-11-22T18:00:00Z */
const NOW_MS = Date.UTC(2026, 10, 22, 18)
const NOW_NANO = BigInt(NOW_MS) * 1_000_000n

function read(text: string, lane: SearchLane = 'traces'): readonly Condition[] {
  return readFilterText(text, lane, NOW_MS).conditions
}

function problemOf(text: string, lane: SearchLane = 'traces'): SearchError {
  try {
    read(text, lane)
  } catch (err) {
    expect(err).toBeInstanceOf(SearchError)
    return err as SearchError
  }
  throw new Error(`this was read: ${text}`)
}

const is = (what: Condition['test'], not = false): Condition => ({ not, test: what })
const number = (text: string, value: bigint | number) =>
  ({ is: 'equal', value: { type: 'number', text, number: value } }) as const

describe('the text form of a filter', () => {
  const readable: readonly { name: string; text: string; lane?: SearchLane; want: readonly Condition[] }[] = [
    { name: 'nothing is no condition', text: '  \t\n ', want: [] },
    {
      name: 'fields, attributes and words stand behind each other',
      text: 'service=frontend duration>200ms http.response.status_code>=500 "connection refused" status=error',
      want: [
        is({ on: 'service', value: { is: 'equal', text: 'frontend' } }),
        is({ on: 'duration', order: '>', nanos: 200_000_000n }),
        is({ on: 'attribute', key: 'http.response.status_code', value: { is: 'ordered', order: '>=', number: 500n } }),
        is({ on: 'text', value: { is: 'words', words: ['connection', 'refused'] } }),
        is({ on: 'status', status: 'error' }),
      ],
    },
    {
      name: 'a bare number is one',
      text: 'a=200',
      want: [is({ on: 'attribute', key: 'a', value: number('200', 200n) })],
    },
    {
      name: 'a fraction keeps its text',
      text: 'a=200.0',
      want: [is({ on: 'attribute', key: 'a', value: number('200.0', 200n) })],
    },
    {
      name: 'an exponent is a number',
      text: 'a=-2.5e-1',
      want: [is({ on: 'attribute', key: 'a', value: number('-2.5e-1', -0.25) })],
    },
    {
      name: 'a number beyond doubles is a text',
      text: 'a=1e999',
      want: [is({ on: 'attribute', key: 'a', value: { is: 'equal', value: { type: 'string', text: '1e999' } } })],
    },
    {
      name: 'true is a boolean',
      text: 'a=true',
      want: [
        is({ on: 'attribute', key: 'a', value: { is: 'equal', value: { type: 'bool', text: 'true', value: true } } }),
      ],
    },
    {
      name: 'in quotes everything is a text',
      text: `a="true" b='2"'`,
      want: [
        is({ on: 'attribute', key: 'a', value: { is: 'equal', value: { type: 'string', text: 'true' } } }),
        is({ on: 'attribute', key: 'b', value: { is: 'equal', value: { type: 'string', text: '2"' } } }),
      ],
    },
    {
      name: 'a backslash takes the next character as it is',
      text: String.raw`name="say \"hi\" \\ there"`,
      want: [is({ on: 'name', value: { is: 'equal', text: String.raw`say "hi" \ there` } })],
    },
    {
      name: 'a value may hold operators',
      text: 'url=/a?b=c&d!=e',
      want: [
        is({ on: 'attribute', key: 'url', value: { is: 'equal', value: { type: 'string', text: '/a?b=c&d!=e' } } }),
      ],
    },
    {
      name: 'a star asks whether there is any',
      text: 'a=* b!=* c="*"',
      want: [
        is({ on: 'attribute', key: 'a', value: { is: 'exists' } }),
        is({ on: 'attribute', key: 'b', value: { is: 'exists' } }, true),
        is({ on: 'attribute', key: 'c', value: { is: 'equal', value: { type: 'string', text: '*' } } }),
      ],
    },
    {
      name: 'a part is compared in lower case',
      text: 'name~GeT a!~X',
      want: [
        is({ on: 'name', value: { is: 'contains', part: 'get' } }),
        is({ on: 'attribute', key: 'a', value: { is: 'contains', part: 'x' } }, true),
      ],
    },
    {
      name: 'a dot or quotes ask for an attribute that is called like a field',
      text: '.status=x "a key"=y',
      want: [
        is({ on: 'attribute', key: 'status', value: { is: 'equal', value: { type: 'string', text: 'x' } } }),
        is({ on: 'attribute', key: 'a key', value: { is: 'equal', value: { type: 'string', text: 'y' } } }),
      ],
    },
    {
      name: 'a session is an attribute with a shorter name',
      text: 'session=s1',
      want: [is({ on: 'attribute', key: 'session.id', value: { is: 'equal', value: { type: 'string', text: 's1' } } })],
    },
    {
      name: 'a topic is looked for by how it begins, or by a part of it',
      text: 'topic=talk/ topic!=talk/turn topic~TURN topic=*',
      want: [
        is({ on: 'attribute', key: 'aico.topic', value: { is: 'begins', text: 'talk/' } }),
        is({ on: 'attribute', key: 'aico.topic', value: { is: 'begins', text: 'talk/turn' } }, true),
        is({ on: 'attribute', key: 'aico.topic', value: { is: 'contains', part: 'turn' } }),
        is({ on: 'attribute', key: 'aico.topic', value: { is: 'exists' } }),
      ],
    },
    {
      name: 'durations have units',
      text: 'duration<=1.5s',
      want: [is({ on: 'duration', order: '<=', nanos: 1_500_000_000n })],
    },
    {
      name: 'microseconds are written in each of three ways',
      text: 'duration=2us duration=2µs duration=2μs',
      want: Array.from({ length: 3 }, () => is({ on: 'duration', order: '=', nanos: 2_000n })),
    },
    { name: 'a trace is known by its first digits', text: 'trace=0AF7', want: [is({ on: 'trace', digits: '0af7' })] },
    {
      name: 'a device is a name or digits',
      text: 'device!="my phone"',
      want: [is({ on: 'device', device: 'my phone' }, true)],
    },
    {
      name: 'severities are ranges of numbers',
      lane: 'logs',
      text: 'severity>=warn severity<20 severity=7',
      want: [
        is({ on: 'severity', from: 13, to: 24 }),
        is({ on: 'severity', from: 1, to: 19 }),
        is({ on: 'severity', from: 7, to: 7 }),
      ],
    },
    {
      name: 'above the most severe there is nothing',
      lane: 'logs',
      text: 'severity>fatal',
      want: [is({ on: 'severity', from: 25, to: 24 })],
    },
  ]
  test.each(readable)('[SQ2] $name', ({ text, lane, want }) => {
    expect(read(text, lane)).toEqual(want)
  })

  test('[SQ2] times narrow the range, from now or as they are written', () => {
    const { conditions, fromUnixNano, toUnixNano } = readFilterText(
      'time>=2h time>30m time<2026-11-22T18:00:00+01:00',
      'logs',
      NOW_MS,
    )
    expect(conditions).toEqual([])
    expect(fromUnixNano).toBe(NOW_NANO - 1_800_000_000_000n + 1n)
    expect(toUnixNano).toBe(NOW_NANO - 3_600_000_000_000n)
    expect(readFilterText('time<=now', 'logs', NOW_MS).toUnixNano).toBe(NOW_NANO + 1n)
    expect(readFilterText('time>=999999d', 'logs', NOW_MS).fromUnixNano).toBe(0n)
  })

  const wrong: readonly { name: string; text: string; column: number; says: string; lane?: SearchLane }[] = [
    { name: 'an open quote', text: 'status=error "connection', column: 14, says: 'not closed' },
    { name: 'an open quote behind a backslash', text: String.raw`name="a\"`, column: 6, says: 'not closed' },
    { name: 'text glued to a quote', text: '"a"b', column: 4, says: 'space' },
    { name: 'a missing value', text: 'ünï status=', column: 12, says: 'missing behind =' },
    { name: 'a missing field', text: 'status=error =x', column: 14, says: 'missing before =' },
    { name: 'an order without a number', text: 'http.status>many', column: 13, says: 'http.status>500' },
    { name: 'an order of a quoted number', text: 'a>"5"', column: 3, says: 'number' },
    { name: 'a duration without a unit', text: 'duration>200', column: 10, says: 'unit' },
    { name: 'a duration of days', text: 'duration>2d', column: 10, says: 'unit' },
    { name: 'a part of a duration', text: 'duration~2s', column: 9, says: 'duration takes' },
    { name: 'a status nobody has', text: 'x status=bad', column: 10, says: 'unset, ok, error' },
    { name: 'a kind nobody has', text: 'kind=web', column: 6, says: 'internal, server' },
    { name: 'an order of names', text: 'name>a', column: 5, says: 'name takes =, !=, ~ and !~' },
    { name: 'a part of a device', text: 'device~lap', column: 7, says: 'device takes' },
    { name: 'a name that is any', text: 'name=*', column: 5, says: 'name takes' },
    { name: 'a severity of a span', text: 'severity=warn', column: 1, says: 'only log records' },
    { name: 'a status of a log record', text: 'status=error', column: 1, says: 'only spans', lane: 'logs' },
    { name: 'a severity nobody has', text: 'severity=loud', column: 10, says: 'trace, debug', lane: 'logs' },
    { name: 'a severity out of range', text: 'severity=25', column: 10, says: '1 to 24', lane: 'logs' },
    { name: 'a trace that is none', text: 'trace=newest', column: 7, says: 'hex' },
    { name: 'too few digits of a trace', text: 'trace=0af', column: 7, says: '4 to 32' },
    { name: 'a time nobody understands', text: 'time>=yesterday', column: 7, says: '2026-11-22' },
    { name: 'a day that does not exist', text: 'time>=2026-02-30', column: 7, says: '2026-11-22' },
    { name: 'a time that is equal', text: 'time=2h', column: 5, says: 'time takes' },
    { name: 'a text of no word', text: 'a=1 --', column: 5, says: 'words' },
    { name: 'AND between conditions', text: 'a=1 AND b=2', column: 5, says: 'leave AND out' },
    { name: 'OR between conditions', text: 'a=1 OR b=2', column: 5, says: 'no OR' },
    { name: 'a key of no bytes', text: '.=1', column: 1, says: 'key' },
    { name: 'an empty part', text: 'name~""', column: 6, says: 'not empty' },
  ]
  test.each(wrong)('[SQ2] the complaint about $name names its column', ({ text, lane, column, says }) => {
    const { code, details, message } = problemOf(text, lane)
    expect([code, details['column']]).toEqual(['SEARCH_FILTER', column])
    expect(message).toContain(`column ${column}: `)
    expect(message).toContain(says)
  })

  const limits: readonly { name: string; text: (over: number) => string }[] = [
    { name: 'conditions', text: (over) => 'a=1 '.repeat(MAX_CONDITIONS + over) },
    { name: 'bytes of a key', text: (over) => `${'k'.repeat(MAX_KEY_BYTES + over)}=1` },
    { name: 'bytes of a value', text: (over) => `a="${'ü'.repeat(MAX_VALUE_BYTES / 2)}${'x'.repeat(over)}"` },
    { name: 'words of a text', text: (over) => `"${'w '.repeat(MAX_TEXT_WORDS + over)}"` },
    { name: 'characters of a filter', text: (over) => 'a=1'.padEnd(MAX_FILTER_CHARS + over) },
  ]
  test.each(limits)('[SQ5] as many $name as allowed are read, one more is not', ({ text }) => {
    expect(read(text(0)).length).toBeGreaterThan(0)
    expect(problemOf(text(1)).code).toBe('SEARCH_FILTER')
  })

  test('[SQ5] any text is read or refused with its column, soon', () => {
    const words = fc.constantFrom(
      'a',
      'status',
      'duration',
      'time',
      '=',
      '!=',
      '>',
      '~',
      '"',
      "'",
      '\\',
      '*',
      ' ',
      '.',
      '5',
      'ms',
      '\u{1F600}',
      '\u0000',
    )
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.array(words, { maxLength: 40 }).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(texts, fc.constantFrom<SearchLane>('traces', 'logs'), (text, lane) => {
        try {
          expect(read(text, lane).length).toBeLessThanOrEqual(MAX_CONDITIONS)
        } catch (err) {
          expect(err).toBeInstanceOf(SearchError)
          const { column } = (err as SearchError).details
          if (column !== undefined) expect(column).toBeLessThanOrEqual(Array.from(text).length + 1)
        }
      }),
      { numRuns: 3_000 },
    )
  })
})
