import { describe, expect, test } from 'vitest'
import type { ErrorList as ErrorView } from '../../../../src/agent/http-types/search.ts'
import type { DeviceId } from '../../../../src/model/ids.ts'
import { MAX_MESSAGE_CHARS } from '../../../../src/query/search/error-facts.ts'
import { judgeError } from '../../../../src/policy/error-state.ts'
import {
  errorGroups,
  MAX_ERROR_GROUPS,
  type ErrorDeps,
  type ErrorList,
} from '../../../../src/query/search/error-groups.ts'
import { readSearchQuery } from '../../../../src/query/search/search-query.ts'
import type { SearchScope } from '../../../../src/query/search/search-scope.ts'
import type { SearchSource } from '../../../../src/query/search/search-source.ts'
import { encodeLogsData, encodeTracesData, type EventInput } from '../../../../src/wire/otlp/encode.ts'
import { atOnce, finish } from '../../../support/finish.ts'
import { heldMemory } from '../../../support/held-memory.ts'
import { spanIdOf, T0_NANO, traceIdOf } from '../../../support/otlp-records.ts'
import { deviceId } from '../make-chunk.ts'
import { FakeSource, searchDeps, type FakeChunk } from './fake-source.ts'

interface ErrorWords {
  readonly id: number
  readonly message?: string
  readonly type?: string
  readonly stack?: string
  readonly isError?: boolean
  readonly status?: string
}

function exceptionOf({ type, message, stack }: ErrorWords): EventInput {
  const attributes = {
    ...(type === undefined ? {} : { 'exception.type': type }),
    ...(message === undefined ? {} : { 'exception.message': message }),
    ...(stack === undefined ? {} : { 'exception.stacktrace': stack }),
  }
  return { timeUnixNano: 1n, name: 'exception', attributes }
}

function spanChunk(device: string, words: readonly ErrorWords[], module = 'shop'): FakeChunk {
  const spans = words.map((word) => ({
    traceId: traceIdOf(word.id),
    spanId: spanIdOf(word.id),
    name: 'work',
    kind: 1,
    startUnixNano: T0_NANO + BigInt(word.id),
    endUnixNano: T0_NANO + BigInt(word.id) + 1n,
    events: word.type === undefined && word.message === undefined ? [] : [exceptionOf(word)],
    status: { code: word.isError === false ? 0 : 2, message: word.status },
  }))
  const payload = encodeTracesData({ resource: { attributes: { 'service.name': 'svc' } }, scope: { name: 't' }, spans })
  return { deviceId: deviceId(device), module, payload }
}

function logChunk(
  device: string,
  words: readonly (ErrorWords & { readonly severity?: number })[],
  module = 'shop',
): FakeChunk {
  const logRecords = words.map((word) => ({
    timeUnixNano: T0_NANO + BigInt(word.id),
    severityNumber: word.severity ?? 17,
    body: word.status ?? 'it failed',
    traceId: traceIdOf(word.id),
    spanId: spanIdOf(word.id),
    attributes: exceptionOf(word).attributes ?? {},
  }))
  const payload = encodeLogsData({ resource: { attributes: {} }, scope: { name: 't' }, logRecords })
  return { deviceId: deviceId(device), module, payload }
}

/** One store of both kinds of record. */
function sourceOf(spans: readonly FakeChunk[], logs: readonly FakeChunk[]): SearchSource {
  const [traces, lines] = [new FakeSource('traces', spans), new FakeSource('logs', logs)]
  return {
    indexVersion: lines.indexVersion,
    devices: (lane): readonly DeviceId[] => (lane === 'traces' ? traces : lines).devices(),
    candidates: (scope: SearchScope) => (scope.lane === 'traces' ? traces : lines).candidates(scope),
    summariesOf: () => atOnce(new Map()),
  }
}

type Options = Parameters<typeof searchDeps>[1]
/** Nobody has decided anything. */
function errorDeps(source: SearchSource, options?: Options): ErrorDeps {
  return { ...searchDeps(source, options), stateOf: (_, lastUnixNano) => judgeError(undefined, lastUnixNano) }
}

function ask(source: SearchSource, fields: Readonly<Record<string, unknown>> = {}): ErrorList {
  const queries = (['logs', 'traces'] as const).map((lane) => readSearchQuery(fields, lane, 0))
  return finish(errorGroups(queries, errorDeps(source)))
}

describe('groups of errors', () => {
  test('[SQ15] the same error of many spans and records is one group, with where and since when', () => {
    const same = (id: number) => ({ id, type: 'TimeoutError', message: `no answer within ${id} ms` })
    const list: ErrorView = ask(
      sourceOf(
        [spanChunk('phone', [same(1), same(2), { ...same(3), isError: false }]), spanChunk('laptop', [same(9)])],
        [logChunk('phone', [same(4), { ...same(5), severity: 13 }])],
      ),
    )
    expect(list).toEqual({
      errors: [
        {
          state: 'open',
          regressed: false,
          stateSinceUnixMs: null,
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
          module: 'shop',
          service: 'svc',
          type: 'TimeoutError',
          message: 'no answer within 9 ms',
          frames: [],
          count: 4,
          spans: 3,
          firstUnixNano: String(T0_NANO + 1n),
          lastUnixNano: String(T0_NANO + 9n),
          firstRelease: null,
          lastRelease: null,
          devices: [
            { deviceId: deviceId('laptop'), name: 'laptop' },
            { deviceId: deviceId('phone'), name: 'phone' },
          ],
          traceId: traceIdOf(9),
          spanId: spanIdOf(9),
        },
      ],
      others: 0,
      otherStates: { open: 0, resolved: 0, muted: 0 },
      looked: { traces: expect.objectContaining({ cut: null }), logs: expect.objectContaining({ records: 2 }) },
    })
  })

  test('[SQ15] another type, message, place or module is another group; most errors first', () => {
    const base = { type: 'E', message: 'no', stack: 'E\n at a (x.js:1:1)' }
    const list = ask(
      sourceOf(
        [
          spanChunk('phone', [
            { id: 1, ...base },
            { id: 2, ...base, stack: 'E\n at a (/other/folder/x.js:99:1)' },
            { id: 3, ...base, type: 'F' },
            { id: 4, ...base, message: 'yes' },
            { id: 5, ...base, stack: 'E\n at b (x.js:1:1)' },
          ]),
          spanChunk('phone', [{ id: 6, ...base }], 'other'),
        ],
        [],
      ),
    )
    expect(list.errors.map(({ count }) => count)).toEqual([2, 1, 1, 1, 1])
    expect(new Set(list.errors.map(({ fingerprint }) => fingerprint)).size).toBe(5)
    expect(list.errors[0]).toMatchObject({ frames: ['a (x.js)'], traceId: traceIdOf(2) })
  })

  test('[SQ15] without an exception the status message, the body, or else the name of what failed says what it was', () => {
    const list = ask(
      sourceOf(
        [spanChunk('phone', [{ id: 1, status: 'disk full' }, { id: 3 }, { id: 4, type: '500' }])],
        [logChunk('phone', [{ id: 2, status: 'no network' }])],
      ),
    )
    const said = list.errors.map(({ type, message }) => `${type}: ${message}`)
    expect(said.sort()).toEqual(['500: work', ': disk full', ': no network', ': work'])
  })

  test('[SQ15] of a long text the beginning counts; of a stack both ends, for Python has the innermost place last', () => {
    const lines = Array.from({ length: 2000 }, (_, i) => `  File "/a/f${i}.py", line 1, in f${i}`)
    const stack = `Traceback (most recent call last):\n${lines.join('\n')}\nE: no`
    const long = { id: 1, type: 't'.repeat(1000), message: 'é'.repeat(5000), stack }
    const [group] = ask(sourceOf([spanChunk('phone', [long])], [])).errors
    expect(group).toMatchObject({
      type: 't'.repeat(256),
      message: 'é'.repeat(MAX_MESSAGE_CHARS),
      frames: ['f1999 (f1999.py)', 'f1998 (f1998.py)', 'f1997 (f1997.py)'],
    })
  })

  test('[SQ12] what is kept of an error does not hold all of it in memory', async () => {
    const chunks = Array.from({ length: 24 }, (_, i) =>
      logChunk('phone', [{ id: i + 1, status: `${String.fromCodePoint(0x4e00 + i)}${'x'.repeat(700_000)}` }]),
    )
    const before = await heldMemory()
    const list = ask(sourceOf([], chunks))
    expect([list.errors.length, (await heldMemory()) - before < 4_000_000]).toEqual([24, true])
  })

  test('[QU24] many errors of one chunk are read in many steps', () => {
    const words = Array.from({ length: 640 }, (_, i) => ({ id: i + 1, message: `m${'x'.repeat(i)}` }))
    const steps = errorGroups([readSearchQuery({}, 'traces', 0)], errorDeps(sourceOf([spanChunk('phone', words)], [])))
    let count = 0
    while (steps.next().done !== true) count++
    expect(count).toBeGreaterThanOrEqual(10)
  })

  test('[SQ10] a query without the time for all looks at either kind of record', () => {
    const chunks = (kind: typeof spanChunk) => [1, 2, 3, 4].map((id) => kind('phone', [{ id, message: 'a' }]))
    const left = { chunks: 4 }
    const deps = errorDeps(sourceOf(chunks(spanChunk), chunks(logChunk)), {
      limits: { hasTime: () => left.chunks-- > 0 },
    })
    const queries = (['logs', 'traces'] as const).map((lane) => readSearchQuery({}, lane, 0))
    const { looked } = finish(errorGroups(queries, deps))
    expect([looked.logs, looked.traces]).toMatchObject([
      { chunks: 2, cut: 'time' },
      { chunks: 2, cut: 'time' },
    ])
  })

  test('[SQ6] a chunk that is no payload is counted, and loses nothing else', () => {
    const broken = { deviceId: deviceId('phone'), module: 'shop', payload: Uint8Array.of(0xff), isBroken: true }
    const list = ask(sourceOf([broken, spanChunk('phone', [{ id: 1, message: 'a' }])], []))
    expect([list.errors.length, list.looked.traces?.unreadable]).toEqual([1, 1])
  })

  test('[SQ15] conditions and ranges choose errors', () => {
    const source = sourceOf(
      [spanChunk('phone', [{ id: 1, message: 'a' }])],
      [logChunk('laptop', [{ id: 2, message: 'b' }])],
    )
    const found = (fields: Readonly<Record<string, unknown>>) =>
      ask(source, fields).errors.map(({ message }) => message)
    expect(found({ filter: 'device=phone' })).toEqual(['a'])
    expect(found({ filter: 'device=laptop' })).toEqual(['b'])
    expect(found({ untilUnixMs: 1 })).toEqual([])
  })

  test('[SQ5] what is not listed is counted together, also what found no room', () => {
    const many = Array.from({ length: MAX_ERROR_GROUPS + 7 }, (_, i) => ({
      id: i + 1,
      type: `E${'x'.repeat(i % 7)}${String.fromCodePoint(0x4e00 + i)}`,
    }))
    const list = ask(sourceOf([spanChunk('phone', many)], []), { limit: 3 })
    expect([list.errors.length, list.others]).toEqual([3, MAX_ERROR_GROUPS + 4])
  })
})
