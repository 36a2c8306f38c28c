import { describe, expect, test } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { admit, MAX_CHUNK_BYTES, MAX_CHUNK_RECORDS, type AdmitRequest } from '../../../src/ingest/admit.ts'
import { MAX_MODULE_NAME_BYTES, MAX_OTLP_SOURCES_PER_LANE } from '../../../src/model/lane.ts'
import { decodeSpans } from '../../../src/wire/otlp/decode-traces.ts'
import { logs, manySpans, metrics, traces } from '../../support/otlp-records.ts'

function admitted(change: Partial<AdmitRequest>) {
  return admit({
    signal: 'traces',
    bytes: traces('app', { trace: 1, span: 1 }),
    origin: { kind: 'otlp' },
    stage: 'developer',
    knownSources: new Set(),
    ...change,
  })
}

function moduleOf(service: string, known: readonly string[] = []): string | undefined {
  return admitted({ bytes: traces(service, { trace: 1, span: 1 }), knownSources: new Set(known) }).chunks[0]?.module
}

describe('who a record is of', () => {
  const names: readonly { name: string; service: string; want: string }[] = [
    { name: 'an OTLP source is named after its service', service: 'checkout', want: 'otlp/checkout' },
    { name: 'a source without a name is unknown_service', service: '', want: 'otlp/unknown_service' },
    { name: 'control and format characters are left out', service: 'a\u0007b\u202Ec\u2028d', want: 'otlp/abcd' },
    { name: 'blanks around the name are left out', service: '  shop ', want: 'otlp/shop' },
    { name: 'a name of nothing printable is other', service: '\u200B\u0000', want: 'otlp/other' },
    { name: 'a name that looks like a path stays one name under otlp/', service: '../core', want: 'otlp/../core' },
  ]
  test.each(names)('[IN1] $name', ({ service, want }) => {
    expect(moduleOf(service)).toBe(want)
  })

  test('[IN1] a bus module is named by its credential, whatever its records say', () => {
    const { chunks } = admitted({
      bytes: traces('impostor', { trace: 1, span: 1 }),
      origin: { kind: 'bus', module: 'core' },
    })
    expect(chunks.map(({ module }) => module)).toEqual(['core'])
  })

  test('[IN2] a long name is cut between characters to what a module name may hold', () => {
    expect(moduleOf('x'.repeat(500))).toBe(`otlp/${'x'.repeat(MAX_MODULE_NAME_BYTES - 5)}`)
    const cut = moduleOf('🦊'.repeat(60)) ?? ''
    expect(cut).toBe(`otlp/${'🦊'.repeat(30)}`)
    expect(utf8(cut).length).toBeLessThanOrEqual(MAX_MODULE_NAME_BYTES)
    expect(new TextDecoder().decode(utf8(cut))).toBe(cut)
  })

  test('[IN2] cutting names of the largest size takes no longer than reading them', () => {
    const one = traces('é'.repeat(30_000), { trace: 1, span: 1 })
    const bytes = Uint8Array.from(Array.from({ length: 20 }, () => [...one]).flat())
    const started = performance.now()
    expect(admitted({ bytes }).accepted).toBe(20)
    expect(performance.now() - started).toBeLessThan(5_000) // a cut that tries each length takes half a minute
  })

  const full = Array.from({ length: MAX_OTLP_SOURCES_PER_LANE }, (_, i) => `otlp/app-${i}`)
  test('[IN3] past 64 names a new one is other, and a known one keeps its own', () => {
    expect(moduleOf('new', full.slice(1))).toBe('otlp/new')
    expect(moduleOf('new', full)).toBe('otlp/other')
    expect(moduleOf('app-7', full)).toBe('otlp/app-7')
  })

  test('[IN3] the names of one message count too', () => {
    const bytes = Array.from({ length: 70 }, (_, i) => traces(`s${i}`, { trace: 1, span: i + 1 }))
    const { chunks } = admitted({ bytes: Uint8Array.from(bytes.flatMap((each) => [...each])) })
    expect(new Set(chunks.map(({ module }) => module)).size).toBe(MAX_OTLP_SOURCES_PER_LANE + 1)
    expect(chunks.at(-1)?.module).toBe('otlp/other')
  })

  test('[IN1] a message is split by resource: each gets its own name', () => {
    const bytes = Uint8Array.from([...traces('a', { trace: 1, span: 1 }), ...traces('b', { trace: 1, span: 2 })])
    expect(admitted({ bytes }).chunks.map(({ module }) => module)).toEqual(['otlp/a', 'otlp/b'])
  })
})

describe('what is kept', () => {
  const rows: readonly { name: string; change: Partial<AdmitRequest>; accepted: number; dropped: number }[] = [
    { name: 'traces over OTLP in developer', change: {}, accepted: 1, dropped: 0 },
    { name: 'nothing over OTLP below developer', change: { stage: 'pro' }, accepted: 0, dropped: 1 },
    {
      name: 'errors of a module in casual, the rest counted',
      change: {
        signal: 'logs',
        bytes: logs('x', 1, 9, 16, 17, 24),
        stage: 'casual',
        origin: { kind: 'bus', module: 'core' },
      },
      accepted: 2,
      dropped: 3,
    },
    {
      name: 'points, not metrics, are what is counted',
      change: { signal: 'metrics', bytes: metrics('x', 5) },
      accepted: 5,
      dropped: 0,
    },
    {
      name: 'host metrics of the agent in pro',
      change: { signal: 'metrics', bytes: metrics('x', 5), stage: 'pro', origin: { kind: 'agent', module: 'agent' } },
      accepted: 5,
      dropped: 0,
    },
    {
      name: 'no metrics of a module in pro',
      change: { signal: 'metrics', bytes: metrics('x', 5), stage: 'pro', origin: { kind: 'bus', module: 'core' } },
      accepted: 0,
      dropped: 5,
    },
    {
      name: 'of a module in pro how its process fares',
      change: {
        signal: 'metrics',
        bytes: metrics('x', 5, ['load', 'process.memory.usage', 'nodejs.eventloop.time', 'x']),
        stage: 'pro',
        origin: { kind: 'bus', module: 'core' },
      },
      accepted: 10,
      dropped: 10,
    },
  ]
  test.each(rows)('[IN4] $name', ({ change, accepted, dropped }) => {
    const result = admitted(change)
    expect({ accepted: result.accepted, dropped: result.dropped }).toEqual({ accepted, dropped })
    expect(result.chunks.length > 0).toBe(accepted > 0)
  })

  test('[IN5] a malformed record is rejected alone and is not counted as dropped', () => {
    const bytes = traces('app', { trace: 1, span: 1 }, { trace: 1, span: 2, isBad: true })
    const result = admitted({ bytes })
    expect(result).toMatchObject({ accepted: 1, dropped: 0, rejected: { count: 1, code: 'OTLP_BAD_TIME' } })
    expect(result.chunks.flatMap(({ payload }) => decodeSpans(payload).map(({ name }) => name))).toEqual(['span 1'])
  })

  test('[IN5] a message that cannot be read at all is an error', () => {
    expect(() => admitted({ bytes: Uint8Array.of(0x0a, 0xff) })).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^OTLP_/) }),
    )
  })

  test('[IN6] chunks hold at most 1,024 records and 256 KiB', () => {
    const many = admitted({ bytes: manySpans('app', 1, 1, MAX_CHUNK_RECORDS + 1) })
    expect(many.chunks.map(({ digest }) => digest.records)).toEqual([MAX_CHUNK_RECORDS, 1])
    const text = 'x'.repeat(100_000)
    const big = admitted({
      bytes: traces('app', ...Array.from({ length: 5 }, (_, i) => ({ trace: 1, span: i + 1, text }))),
    })
    expect(Math.max(...big.chunks.map(({ payload }) => payload.length))).toBeLessThanOrEqual(MAX_CHUNK_BYTES)
    expect(big.chunks.reduce((sum, { digest }) => sum + digest.records, 0)).toBe(5)
  })
})
