import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LogList as LogListView } from '../../../src/agent/http-types/traces.ts'
import { concat } from '../../../src/base/bytes.ts'
import { listLogs, MAX_LOG_KEPT_BYTES, type LogList } from '../../../src/query/list-logs.ts'
import { MIN_CHUNK_COST_BYTES } from '../../../src/query/read-budget.ts'
import { readFilterText } from '../../../src/query/search/read-filter-text.ts'
import type { SearchScope } from '../../../src/query/search/search-scope.ts'
import type { Candidates } from '../../../src/query/search/search-source.ts'
import type { StoredChunk } from '../../../src/query/trace-source.ts'
import { finish } from '../../support/finish.ts'
import {
  attributeField,
  bytesField,
  data,
  deviceId,
  enumField,
  fixed64Field,
  idField,
  member,
  mesh,
  OTHER_TRACE,
  spanId,
  textField,
  TRACE,
} from './make-chunk.ts'
import { FakeSource, searchDeps, type FakeChunk } from './search/fake-source.ts'

interface LogDescription {
  readonly text?: string
  readonly time?: bigint
  readonly observed?: bigint
  readonly severity?: number
  readonly traceId?: string
}

const nothing = new Uint8Array()

function record({ text, time = 1_000n, observed, severity = 9, traceId }: LogDescription): Uint8Array {
  return concat(
    fixed64Field(1, time),
    enumField(2, severity),
    text === undefined ? nothing : bytesField(5, textField(1, text)),
    attributeField(6, 'key', 'value'),
    traceId === undefined ? nothing : concat(idField(9, traceId), idField(10, spanId('b'))),
    observed === undefined ? nothing : fixed64Field(11, observed),
    textField(12, 'app.started'),
  )
}

function logChunk(
  device: string,
  records: readonly LogDescription[],
  provenance: StoredChunk['provenance'] = 'verified',
): StoredChunk {
  return { deviceId: deviceId(device), module: 'm', provenance, payload: data(...records.map(record)) }
}

const knowledge = mesh(member('laptop'), member('phone', { clock: { offsetMs: 1, errorMs: 0.1 } }))

interface Filter {
  readonly fromUnixNano?: bigint | undefined
  readonly toUnixNano?: bigint | undefined
  readonly traceId?: string
  readonly filter?: string
}
interface Options {
  readonly withOtlp?: boolean
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
  readonly bytes?: number
}

/** A source of these chunks as if they were stored; it counts what comes out of them. */
class Logs extends FakeSource {
  openedBytes = 0
  openedChunks = 0

  constructor(chunks: readonly StoredChunk[]) {
    super('logs', chunks.map(asFake))
  }

  override candidates(scope: SearchScope): Candidates {
    const { chunks, totals } = super.candidates(scope)
    const counted = [...chunks].map((chunk) => ({
      ...chunk,
      open: (payload?: Uint8Array) => {
        this.openedBytes += chunk.rawBytes
        this.openedChunks++
        return chunk.open(payload)
      },
    }))
    return { chunks: counted, totals }
  }
}

const UNREADABLE = Uint8Array.of(0x0a, 9)

function asFake(chunk: StoredChunk): FakeChunk {
  return { ...chunk, isBroken: chunk.payload === UNREADABLE }
}

function list(
  chunks: readonly StoredChunk[] | Logs,
  filter: Filter = {},
  { limit, cursor, bytes, withOtlp = false }: Options = {},
): LogList {
  const source = chunks instanceof Logs ? chunks : new Logs(chunks)
  const { traceId, filter: text = traceId === undefined ? '' : `trace=${traceId}`, ...range } = filter
  const { conditions } = readFilterText(text, 'logs', 0)
  const { fromUnixNano, toUnixNano } = range
  const query = { lane: 'logs', conditions, fromUnixNano, toUnixNano, sort: 'newest', limit, cursor, withOtlp } as const
  return finish(listLogs(query, searchDeps(source, { knowledge, limits: { hasTime: () => true, bytes } })))
}

const bodies = ({ logs }: LogList): readonly string[] => logs.map((log) => log.body)

describe('listLogs', () => {
  test('[QU14] a line has what scripts rely on', () => {
    const answer: LogListView = list([logChunk('phone', [{ text: 'hello', traceId: TRACE, severity: 17 }])])
    expect(answer).toEqual({
      logs: [
        {
          timeUnixNano: '1000',
          severity: 'error',
          severityNumber: 17,
          body: 'hello',
          traceId: TRACE,
          spanId: spanId('b'),
          deviceId: deviceId('phone'),
          deviceName: 'phone',
          module: 'm',
          provenance: 'verified',
          attributes: { key: 'value' },
        },
      ],
      omitted: 0,
      omittedChunks: 0,
      unreadableChunks: 0,
      older: null,
      newer: expect.any(String),
      looked: { chunks: 1, ofChunks: 1, records: 1, unreadable: 0, cut: null, backToUnixNano: null },
    })
  })

  test.each([
    [0, 'unspecified'],
    [1, 'trace'],
    [4, 'trace'],
    [5, 'debug'],
    [9, 'info'],
    [13, 'warn'],
    [17, 'error'],
    [21, 'fatal'],
    [24, 'fatal'],
    [25, 'unspecified'],
  ])('[QU14] severity %i reads %s', (severity, word) => {
    expect(list([logChunk('phone', [{ severity }])]).logs[0]?.severity).toBe(word)
  })

  test('[QU14] [CV10] where it is asked for each is there as OTLP/JSON, with whose it is', () => {
    const owned = attributeField(1, 'aico.device.name', 'an admired one')
    const resource = bytesField(1, concat(owned, attributeField(1, 'service.name', 'shop')))
    const records = ['a', 'b', 'c'].map((text, i) => record({ text, time: BigInt(i) }))
    const scope = concat(bytesField(1, textField(1, 'scope')), ...records.map((each) => bytesField(2, each)))
    const payload = bytesField(1, concat(resource, bytesField(2, scope)))
    const chunk = { deviceId: deviceId('phone'), module: 'm', provenance: 'unverified', payload } as const
    const { logs } = list([chunk], { fromUnixNano: 1n }, { withOtlp: true })
    expect(logs.map(({ otlp }) => otlp)).toEqual(
      ['b', 'c'].map((text, i) => ({
        resourceLogs: [
          {
            resource: {
              attributes: Object.entries({
                'service.name': 'shop',
                'aico.device.id': deviceId('phone'),
                'aico.device.name': 'phone',
                'aico.module': 'm',
                'aico.provenance': 'unverified',
              }).map(([key, stringValue]) => ({ key, value: { stringValue } })),
            },
            scopeLogs: [
              {
                scope: { name: 'scope' },
                logRecords: [
                  {
                    timeUnixNano: String(i + 1),
                    severityNumber: 9,
                    body: { stringValue: text },
                    attributes: [{ key: 'key', value: { stringValue: 'value' } }],
                    eventName: 'app.started',
                  },
                ],
              },
            ],
          },
        ],
      })),
    )
  })

  test('[QU14] without a time, the time of observation counts; without a body, the event’s name', () => {
    const [log] = list([logChunk('phone', [{ time: 0n, observed: 7n }])]).logs
    expect(log).toMatchObject({ timeUnixNano: '7', body: 'app.started' })
  })

  test('[QU14] a range takes its start in and leaves its end out', () => {
    const chunks = [
      logChunk(
        'phone',
        [1n, 2n, 3n].map((time) => ({ text: time.toString(), time })),
      ),
    ]
    expect(bodies(list(chunks, { fromUnixNano: 2n, toUnixNano: 3n }))).toEqual(['2'])
  })

  test('[QU14] a trace takes its own records only', () => {
    const chunks = [
      logChunk('phone', [{ text: 'a', traceId: TRACE }, { text: 'b', traceId: OTHER_TRACE }, { text: 'c' }]),
    ]
    expect(bodies(list(chunks, { traceId: TRACE }))).toEqual(['a'])
  })

  test('[QU14] oldest first on our clock, over devices', () => {
    const chunks = [
      logChunk('phone', [{ text: 'first', time: 1_000_500n }]),
      logChunk('laptop', [{ text: 'second', time: 600n }]),
    ]
    expect(bodies(list(chunks))).toEqual(['first', 'second'])
  })

  test('[QU14] of too many, the newest are listed and the rest counted', () => {
    const chunks = [
      logChunk(
        'phone',
        [1n, 2n, 3n].map((time) => ({ text: time.toString(), time })),
      ),
    ]
    const answer = list(chunks, {}, { limit: 2 })
    expect(bodies(answer)).toEqual(['2', '3'])
    expect(answer.omitted).toBe(1)
  })

  test('[QU14] equal copies are one line with the best proof; the same line of another device is another', () => {
    const answer = list([
      logChunk('phone', [{ text: 'a' }], 'unverified'),
      logChunk('phone', [{ text: 'a' }]),
      logChunk('laptop', [{ text: 'a' }], 'tampered'),
    ])
    expect(answer.logs.map((log) => [log.deviceName, log.provenance])).toEqual([
      ['phone', 'verified'],
      ['laptop', 'tampered'],
    ])
  })

  test('[QU14] a chunk that cannot be read is counted and loses nothing else', () => {
    const answer = list([logChunk('phone', [{ text: 'a' }]), { ...logChunk('phone', []), payload: UNREADABLE }])
    expect(bodies(answer)).toEqual(['a'])
    expect(answer.unreadableChunks).toBe(1)
  })

  test('[QU14] any order of chunks gives the same lines', () => {
    const anyChunk = fc
      .tuple(
        fc.constantFrom('phone', 'laptop'),
        fc.array(fc.record({ text: fc.constantFrom('a', 'b') }), { maxLength: 3 }),
      )
      .map(([device, records]) => logChunk(device, records))
    fc.assert(
      fc.property(fc.array(anyChunk, { maxLength: 5 }), (chunks) => {
        expect(list([...chunks, ...chunks].toReversed()).logs).toEqual(list(chunks).logs)
      }),
    )
  })
})

describe('what is opened', () => {
  /** `count` chunks of `size` records a microsecond apart, the newest first. */
  const many = (device: string, count: number, size: number): readonly StoredChunk[] =>
    Array.from({ length: count }, (_, chunkNo) =>
      logChunk(
        device,
        Array.from({ length: size }, (__, i) => ({ text: `${chunkNo}`, time: BigInt((count - chunkNo) * 10_000 + i) })),
      ),
    )

  test('[QU23] no chunk is opened that is older than a full answer; its records are counted all the same', () => {
    const logs = new Logs([...many('phone', 50, 4), ...many('laptop', 50, 4)])
    const answer = list(logs, {}, { limit: 8 })
    expect(answer.logs).toHaveLength(8)
    expect(answer).toMatchObject({ omitted: 392, omittedChunks: 0 })
    expect(logs.openedChunks).toBeLessThanOrEqual(4)
  })

  test('[QU23] which chunk is older is judged on our clock', () => {
    const logs = new Logs([
      logChunk('phone', [{ text: 'late on its own clock only', time: 1_000_500n }]),
      logChunk('laptop', [{ text: 'newest', time: 600n }]),
    ])
    expect(bodies(list(logs, {}, { limit: 1 }))).toEqual(['newest'])
    expect(logs.openedChunks).toBe(1)
  })

  test('[QU23] chunks outside of a range are not opened; one on its edge counts as a chunk when it is not', () => {
    const logs = new Logs(many('phone', 50, 4))
    const answer = list(logs, { fromUnixNano: 100_002n, toUnixNano: 200_002n }, { limit: 4 })
    expect(bodies(answer)).toEqual(['31', '31', '30', '30'])
    expect(answer).toMatchObject({ omitted: 34, omittedChunks: 1 })
    expect(logs.openedChunks).toBe(2)
  })

  test('[QU23] of a trace, chunks that are not opened are counted as chunks', () => {
    const chunks = [3n, 2n, 1n].map((time) => logChunk('phone', [{ text: `${time}`, time, traceId: TRACE }]))
    const answer = list(chunks, { traceId: TRACE }, { limit: 1 })
    expect(bodies(answer)).toEqual(['3'])
    expect(answer).toMatchObject({ omitted: 0, omittedChunks: 2 })
  })

  test('[QU23] what one answer may open is bounded, whatever the filter finds; it says how many chunks it left', () => {
    const padding = 'x'.repeat(1 << 20)
    const bombs = Array.from({ length: 8 }, (_, i) => logChunk('phone', [{ text: padding, time: BigInt(1000 - i) }]))
    const answer = list(bombs, { traceId: TRACE }, { bytes: 5_500_000 })
    expect(answer).toMatchObject({ logs: [], omitted: 0, omittedChunks: 3, looked: { chunks: 5, cut: 'bytes' } })
  })

  test('[QU23] small chunks count too: each costs something', () => {
    const tiny = Array.from({ length: 25 }, () => logChunk('phone', [{ text: 'a' }]))
    const answer = list(tiny, {}, { bytes: 20 * MIN_CHUNK_COST_BYTES })
    expect(answer).toMatchObject({ omitted: 0, omittedChunks: 5 })
    expect(answer.logs).toHaveLength(1)
  })

  test('[QU23] a chunk in which nothing matches is looked into, and what it proves is not worked out', () => {
    const logs = new Logs([1n, 2n, 3n].map((time) => logChunk('phone', [{ text: `line ${time}`, time }])))
    expect(bodies(list(logs, { filter: 'line 2' }))).toEqual(['line 2'])
    expect([logs.openedChunks, logs.reads]).toEqual([1, 3])
  })

  test('[QU23] of lines too large for one answer the newest are listed, at least one', () => {
    const body = 'x'.repeat(700_000)
    const chunks = Array.from({ length: 40 }, (_, i) => logChunk('phone', [{ text: body, time: BigInt(1000 - i) }]))
    const answer = list(chunks)
    const fitting = Math.floor(MAX_LOG_KEPT_BYTES / 700_100)
    expect(answer.logs.map((log) => Number(log.timeUnixNano))).toEqual(
      Array.from({ length: fitting }, (_, i) => 1001 - fitting + i),
    )
    expect(answer).toMatchObject({ omitted: 40 - fitting, omittedChunks: 0 })
  })

  test('[QU23] a chunk deleted meanwhile loses nothing else', () => {
    const logs = new Logs([
      logChunk('phone', [{ text: 'kept', time: 1n }]),
      logChunk('phone', [{ text: 'gone', time: 2n }]),
    ])
    const all = logs.candidates.bind(logs)
    logs.candidates = (scope) => {
      const { chunks, totals } = all(scope)
      const gone = function* () {
        yield
        return undefined
      }
      return { chunks: [...chunks].map((chunk, i) => (i === 0 ? { ...chunk, open: gone } : chunk)), totals }
    }
    expect(bodies(list(logs))).toEqual(['kept'])
  })

  test('[QU23] the newest lines are the same as if everything had been opened', () => {
    const times = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 })
    const anyChunks = fc.array(fc.tuple(fc.constantFrom('phone', 'laptop'), times), { maxLength: 8 })
    const anyFilter = fc.record({
      fromUnixNano: fc.option(fc.bigInt({ min: 0n, max: 31n }), { nil: undefined }),
      toUnixNano: fc.option(fc.bigInt({ min: 0n, max: 31n }), { nil: undefined }),
    })
    fc.assert(
      fc.property(anyChunks, anyFilter, fc.integer({ min: 1, max: 6 }), (described, filter, limit) => {
        const chunks = described.map(([device, all], no) =>
          logChunk(
            device,
            all.map((time, i) => ({ text: `${no} ${i}`, time: BigInt(time) })),
          ),
        )
        const [some, all] = [list(chunks, filter, { limit }), list(chunks, filter, { limit: 1000 })]
        expect(some.logs).toEqual(all.logs.slice(-limit))
        const hidden = all.logs.length - some.logs.length
        expect(some.omittedChunks === 0 ? some.omitted : hidden).toBe(hidden)
        expect(list(chunks.toReversed(), filter, { limit })).toEqual(some)
      }),
    )
  })
})

describe('pages of lines', () => {
  const times = (answer: LogList): readonly number[] => answer.logs.map(({ timeUnixNano }) => Number(timeUnixNano))
  const lines = (device: string, ...all: readonly number[]): StoredChunk =>
    logChunk(
      device,
      all.map((time) => ({ text: `${device} ${time}`, time: BigInt(time) })),
    )

  test('[QU29] before the first line there are older pages, until there are none', () => {
    const logs = new Logs([lines('laptop', 1, 2, 3), lines('laptop', 4, 5), lines('laptop', 6, 7)])
    const pages = [list(logs, {}, { limit: 3 })]
    for (let page = pages[0]; page?.older; page = pages.at(-1)) {
      pages.push(list(logs, {}, { limit: 3, cursor: page.older }))
    }
    expect(pages.map(times)).toEqual([[5, 6, 7], [2, 3, 4], [1]])
  })

  test('[QU29] behind the last line there are newer ones, also those that come later', () => {
    const logs = new Logs([lines('laptop', 1, 2, 3), lines('laptop', 4, 5)])
    const first = list(logs, { toUnixNano: 2n })
    const page = (cursor: string | null) => list(logs, {}, { limit: 3, cursor: cursor ?? undefined })
    const second = page(first.newer)
    const third = page(second.newer)
    const empty = page(third.newer)
    expect([first, second, third, empty].map(times)).toEqual([[1], [2, 3, 4], [5], []])
    logs.add(asFake(lines('laptop', 6)))
    expect(times(page(empty.newer))).toEqual([6])
    expect(times(page(second.older))).toEqual([1])
  })

  test('[QU29] pages either way, over devices with clocks that differ, hold every line once', () => {
    const anyChunk = fc.tuple(
      fc.constantFrom('phone', 'laptop'),
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 }),
    )
    const chunksOf = (words: readonly (readonly [string, readonly number[]])[]) =>
      words.map(([device, at], no) =>
        logChunk(
          device,
          at.map((time, i) => ({
            text: `${no} ${i}`,
            time: device === 'phone' ? 1_000_000n + BigInt(time) : BigInt(time),
          })),
        ),
      )
    fc.assert(
      fc.property(
        fc.array(anyChunk, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 4 }),
        (words, limit) => {
          const logs = new Logs(chunksOf(words))
          const all = bodies(list(logs, {}, { limit: 1000 }))
          const older = [list(logs, {}, { limit })]
          for (let page = older[0]; page?.older; page = older.at(-1)) {
            older.push(list(logs, {}, { limit, cursor: page.older }))
          }
          expect(older.toReversed().flatMap(bodies)).toEqual(all)
          const newer = [older.at(-1) as LogList]
          for (let page = newer[0]; page !== undefined && page.logs.length > 0; page = newer.at(-1)) {
            newer.push(list(logs, {}, { limit, cursor: page.newer ?? undefined }))
          }
          expect(newer.flatMap(bodies)).toEqual(all)
        },
      ),
    )
  })

  test('[QU29] a page opens nothing that lies beyond the chunk it begins in', () => {
    const logs = new Logs(Array.from({ length: 20 }, (_, i) => lines('laptop', i * 10 + 1, i * 10 + 2)))
    const first = list(logs, {}, { limit: 20 })
    logs.openedChunks = 0
    const second = list(logs, {}, { limit: 2, cursor: first.older ?? undefined })
    expect([times(second), logs.openedChunks]).toEqual([[91, 92], 2])
    expect(second.omitted).toBe(18)
  })

  test('[QU29] one that was cut goes on where it stopped looking', () => {
    const logs = new Logs(Array.from({ length: 6 }, (_, i) => lines('laptop', i + 1)))
    const bytes = 2 * MIN_CHUNK_COST_BYTES
    const pages = [list(logs, {}, { bytes })]
    for (let page = pages[0]; page?.older; page = pages.at(-1))
      pages.push(list(logs, {}, { bytes, cursor: page.older }))
    expect(pages.map(times)).toEqual([
      [5, 6],
      [3, 4],
      [1, 2],
    ])
    expect(list(logs, {}, { bytes: 1 }).older).not.toBeNull()
  })

  test('[QU29] a cursor of another search is refused', () => {
    const { newer } = list([lines('laptop', 1)])
    const again = () => list([lines('laptop', 1)], { filter: 'laptop' }, { cursor: newer ?? undefined })
    expect(again).toThrow(expect.objectContaining({ code: 'SEARCH_CURSOR' }))
  })
})

describe('a search of logs', () => {
  test('[SQ3] conditions of all kinds choose lines', () => {
    const chunks = [
      logChunk('phone', [
        { text: 'connection refused', severity: 17, time: 1n },
        { text: 'connection kept', severity: 9, time: 2n },
      ]),
      logChunk('laptop', [{ text: 'Connection REFUSED again', severity: 13, time: 3n }]),
    ]
    const found = (filter: string) => bodies(list(chunks, { filter }))
    expect(found('refused')).toHaveLength(2)
    expect(found('refused severity>=error')).toEqual(['connection refused'])
    expect(found('"connection kept"')).toEqual(['connection kept'])
    expect(found('refused device=laptop')).toEqual(['Connection REFUSED again'])
    expect(found('key=value name=app.started severity<warn')).toEqual(['connection kept'])
    expect(found('device=nobody')).toEqual([])
  })
})
