import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LogList } from '../../../src/agent/http-types.ts'
import { concat } from '../../../src/base/bytes.ts'
import { decodeChunk } from '../../../src/query/decode-chunk.ts'
import {
  listLogs,
  MAX_LOG_KEPT_BYTES,
  MAX_LOG_RAW_BYTES,
  type LogChunks,
  type LogFilter,
  type LogSource,
} from '../../../src/query/list-logs.ts'
import { timeOf } from '../../../src/query/log-line.ts'
import { MIN_CHUNK_COST_BYTES } from '../../../src/query/read-budget.ts'
import type { ChunkRef, StoredChunk } from '../../../src/query/trace-source.ts'
import { decodeLogRecords } from '../../../src/wire/otlp/decode-logs.ts'
import { finish } from '../../support/finish.ts'
import {
  attributeField,
  bytesField,
  chunkRef,
  data,
  deviceId,
  enumField,
  fixed64Field,
  idField,
  member,
  mesh,
  OTHER_TRACE,
  sha256,
  spanId,
  textField,
  TRACE,
} from './make-chunk.ts'

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

/** A source of these chunks as if each device had one log; `opened` counts what comes out of them. */
class Logs implements LogSource {
  readonly #refs: readonly ChunkRef[]
  openedBytes = 0
  openedChunks = 0

  constructor(chunks: readonly StoredChunk[]) {
    this.#refs = chunks.map((each) => {
      const times = (decodeChunk(each, decodeLogRecords) ?? []).map(timeOf)
      return chunkRef(each, times, (payload) => {
        this.openedBytes += payload.length
        this.openedChunks++
      })
    })
  }

  logChunks({ fromUnixNano: from = 0n, toUnixNano: to = 2n ** 63n }: LogFilter): LogChunks {
    const isWithin = (ref: ChunkRef): boolean => ref.earliestUnixNano >= from && ref.latestUnixNano < to
    const refs = this.#refs.filter((ref) => ref.latestUnixNano >= from && ref.earliestUnixNano < to)
    const within = refs.filter(isWithin)
    const latestFirst = refs.toSorted((a, b) => Number(b.latestUnixNano - a.latestUnixNano))
    const devices = [...new Set(refs.map((ref) => ref.deviceId))]
    return {
      logs: devices.map((device) => latestFirst.filter((ref) => ref.deviceId === device)),
      chunks: refs.length,
      edgeChunks: refs.length - within.length,
      records: within.reduce((sum, { records }) => sum + records, 0),
    }
  }
}

function list(chunks: readonly StoredChunk[] | Logs, filter: LogFilter = {}, limit?: number): LogList {
  const source = chunks instanceof Logs ? chunks : new Logs(chunks)
  return finish(listLogs(filter, { source, knowledge, sha256 }, limit))
}

const bodies = ({ logs }: LogList): readonly string[] => logs.map((log) => log.body)

describe('listLogs', () => {
  test('[QU14] a line has what scripts rely on', () => {
    expect(list([logChunk('phone', [{ text: 'hello', traceId: TRACE, severity: 17 }])])).toEqual({
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
    const answer = list(chunks, {}, 2)
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
    const answer = list([
      logChunk('phone', [{ text: 'a' }]),
      { ...logChunk('phone', []), payload: Uint8Array.of(0x0a, 9) },
    ])
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
        expect(list([...chunks, ...chunks].toReversed())).toEqual(list(chunks))
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
    const answer = list(logs, {}, 8)
    expect(answer.logs).toHaveLength(8)
    expect(answer).toMatchObject({ omitted: 392, omittedChunks: 0 })
    expect(logs.openedChunks).toBeLessThanOrEqual(4)
  })

  test('[QU23] which chunk is older is judged on our clock', () => {
    const logs = new Logs([
      logChunk('phone', [{ text: 'late on its own clock only', time: 1_000_500n }]),
      logChunk('laptop', [{ text: 'newest', time: 600n }]),
    ])
    expect(bodies(list(logs, {}, 1))).toEqual(['newest'])
    expect(logs.openedChunks).toBe(1)
  })

  test('[QU23] chunks outside of a range are not opened; one on its edge counts as a chunk when it is not', () => {
    const logs = new Logs(many('phone', 50, 4))
    const answer = list(logs, { fromUnixNano: 100_002n, toUnixNano: 200_002n }, 4)
    expect(bodies(answer)).toEqual(['31', '31', '30', '30'])
    expect(answer).toMatchObject({ omitted: 34, omittedChunks: 1 })
    expect(logs.openedChunks).toBe(2)
  })

  test('[QU23] of a trace, chunks that are not opened are counted as chunks', () => {
    const chunks = [3n, 2n, 1n].map((time) => logChunk('phone', [{ text: `${time}`, time, traceId: TRACE }]))
    const answer = list(chunks, { traceId: TRACE }, 1)
    expect(bodies(answer)).toEqual(['3'])
    expect(answer).toMatchObject({ omitted: 0, omittedChunks: 2 })
  })

  test('[QU23] one answer opens 64 MiB at most, whatever the filter finds, and says how many chunks it left', () => {
    const padding = 'x'.repeat(1 << 20)
    const bombs = Array.from({ length: 80 }, (_, i) => logChunk('phone', [{ text: padding, time: BigInt(1000 - i) }]))
    const logs = new Logs(bombs)
    const answer = list(logs, { traceId: TRACE })
    expect(logs.openedBytes).toBeLessThanOrEqual(MAX_LOG_RAW_BYTES)
    expect(logs.openedChunks).toBe(63)
    expect(answer).toMatchObject({ logs: [], omitted: 0, omittedChunks: 17 })
  })

  test('[QU23] small chunks count too: each costs something', () => {
    const logs = new Logs([])
    const tiny = chunkRef(logChunk('phone', [{ text: 'a' }]), [1n], () => logs.openedChunks++)
    const most = MAX_LOG_RAW_BYTES / MIN_CHUNK_COST_BYTES
    const source = {
      logChunks: () => ({
        logs: [Array<ChunkRef>(most + 5).fill(tiny)],
        chunks: most + 5,
        edgeChunks: 0,
        records: most + 5,
      }),
    }
    const answer = finish(listLogs({}, { source, knowledge, sha256 }))
    expect(logs.openedChunks).toBe(most)
    expect(answer).toMatchObject({ omitted: 0, omittedChunks: 5 })
    expect(answer.logs).toHaveLength(1)
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
    const [kept, gone] = [
      logChunk('phone', [{ text: 'kept', time: 1n }]),
      logChunk('phone', [{ text: 'gone', time: 2n }]),
    ]
    const refs = [
      {
        ...chunkRef(gone, [2n]),
        *open() {
          yield
          return undefined
        },
      },
      chunkRef(kept, [1n]),
    ]
    const source = { logChunks: () => ({ logs: [refs], chunks: 2, edgeChunks: 0, records: 2 }) }
    expect(bodies(finish(listLogs({}, { source, knowledge, sha256 })))).toEqual(['kept'])
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
        const [some, all] = [list(chunks, filter, limit), list(chunks, filter, 1000)]
        expect(some.logs).toEqual(all.logs.slice(-limit))
        const hidden = all.logs.length - some.logs.length
        expect(some.omittedChunks === 0 ? some.omitted : hidden).toBe(hidden)
        expect(list(chunks.toReversed(), filter, limit)).toEqual(some)
      }),
    )
  })
})
