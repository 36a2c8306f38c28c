import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LogList } from '../../../src/agent/http-types.ts'
import { concat } from '../../../src/base/bytes.ts'
import { listLogs, type LogFilter } from '../../../src/query/list-logs.ts'
import type { StoredChunk } from '../../../src/query/trace-source.ts'
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

function list(chunks: readonly StoredChunk[], filter: LogFilter = {}, limit?: number): LogList {
  return listLogs(filter, { source: { logChunks: () => chunks }, knowledge, sha256 }, limit)
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
