import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { admit, type Admitted } from '../../../src/ingest/admit.ts'
import { confine, MAX_PLUGIN_RECORD_BYTES } from '../../../src/ingest/confine.ts'
import { MAX_BODY_CHARS } from '../../../src/ingest/confine-message.ts'
import { pluginBounds } from '../../../src/ingest/plugin-bounds.ts'
import type { Signal } from '../../../src/model/lane.ts'
import type { PluginManifest } from '../../../src/model/plugin.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { decodeLogRecords, type DecodedLogRecord } from '../../../src/wire/otlp/decode-logs.ts'
import { decodeSpans } from '../../../src/wire/otlp/decode-traces.ts'
import {
  encodeLogsData,
  encodeMetricsData,
  encodeTracesData,
  type LogRecordInput,
} from '../../../src/wire/otlp/encode.ts'
import { OtlpError } from '../../../src/wire/otlp/otlp-error.ts'
import { ProtobufWriter } from '../../../src/wire/otlp/protobuf-writer.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { logs, manySpans, metrics, spanIdOf, T0_NANO, traceIdOf } from '../../support/otlp-records.ts'

const MANIFEST: PluginManifest = {
  v: 1,
  name: 'weather',
  title: 'Weather',
  publish: [],
  subscribe: [],
  signals: ['logs', 'metrics', 'traces'],
  reports: [],
  attributes: ['weather.*', 'http.route'],
  attributeCountLimit: 4,
  attributeValueLengthLimit: 16,
  cardinalityLimit: 3,
  recordsPerMinute: 600,
}
const SCOPE = { name: 'test' }
type AttributesInput = NonNullable<LogRecordInput['attributes']>

function boundsOf(change: Partial<PluginManifest> = {}) {
  return pluginBounds({ ...MANIFEST, ...change }, { sha256: nodeCrypto.sha256, clock: manualClock() })
}

function admitted(signal: Signal, bytes: Uint8Array, bounds = boundsOf(), maxRecords = 1_000): Admitted {
  return admit({
    signal,
    bytes,
    origin: { kind: 'bus', module: 'weather', plugin: { bounds, maxRecords } },
    stage: 'developer',
    knownSources: new Set(),
  })
}

function logRecords(...records: readonly Partial<LogRecordInput>[]): Uint8Array {
  const timed = records.map((record, i) => ({ timeUnixNano: T0_NANO + BigInt(i), severityNumber: 9, ...record }))
  return encodeLogsData({ resource: { attributes: { 'service.name': 'weather' } }, scope: SCOPE, logRecords: timed })
}

function keptLogs({ chunks }: Admitted): readonly DecodedLogRecord[] {
  return chunks.flatMap(({ payload }) => decodeLogRecords(payload))
}

const refusalsOf = ({ refusals }: Admitted) => Object.fromEntries(refusals ?? [])
const attributesOf = (records: readonly { readonly attributes: readonly { key: string; value: unknown }[] }[]) =>
  records.map(({ attributes }) => Object.fromEntries(attributes.map(({ key, value }) => [key, value])))

describe('attributes of a record', () => {
  interface Row {
    readonly name: string
    readonly attributes: AttributesInput
    readonly kept: object
    readonly refused?: object
  }
  const LONG = 'x'.repeat(17)
  const rows: readonly Row[] = [
    {
      name: '[PL11] those that are named stay, others go and the record stays',
      attributes: { 'weather.city': 'Rome', secret: 'x', 'http.route': '/' },
      kept: { 'weather.city': 'Rome', 'http.route': '/' },
      refused: { PLUGIN_ATTRIBUTE: 1 },
    },
    {
      name: '[PL12] who it is, is not for it to say',
      attributes: { 'enduser.id': 'ann', 'user.email': 'a@b', 'aico.module': 'core', 'host.name': 'h' },
      kept: {},
      refused: { PLUGIN_IDENTITY: 4 },
    },
    {
      name: '[PL12] another name is put right',
      attributes: { 'service.name': 'core' },
      kept: { 'service.name': 'weather' },
      refused: { PLUGIN_IDENTITY: 1 },
    },
    {
      name: '[PL12] a name that is no text too',
      attributes: { 'service.name': ['core'] },
      kept: { 'service.name': 'weather' },
      refused: { PLUGIN_IDENTITY: 1 },
    },
    {
      name: '[PL12] its own name is right',
      attributes: { 'service.name': 'weather' },
      kept: { 'service.name': 'weather' },
    },
    {
      name: '[PL13] its sessions are marked as its own',
      attributes: { 'session.id': 'abc' },
      kept: { 'session.id': 'weather/abc' },
    },
    {
      name: '[PL13] a session that is no text goes',
      attributes: { 'session.id': 7 },
      kept: {},
      refused: { PLUGIN_IDENTITY: 1 },
    },
    {
      name: '[PL14] a text at the limit stays',
      attributes: { 'weather.a': 'x'.repeat(16) },
      kept: { 'weather.a': 'x'.repeat(16) },
    },
    {
      name: '[PL14] a longer one is cut',
      attributes: { 'weather.a': LONG },
      kept: { 'weather.a': 'x'.repeat(16) },
      refused: { PLUGIN_VALUE_LENGTH: 1 },
    },
    {
      name: '[PL14] characters are counted, not bytes',
      attributes: { 'weather.a': '🦊'.repeat(16) },
      kept: { 'weather.a': '🦊'.repeat(16) },
    },
    {
      name: '[PL14] none is cut through',
      attributes: { 'weather.a': `${'x'.repeat(15)}🦊🦊` },
      kept: { 'weather.a': `${'x'.repeat(15)}🦊` },
      refused: { PLUGIN_VALUE_LENGTH: 1 },
    },
    {
      name: '[PL14] a list that is too long goes',
      attributes: { 'weather.a': [LONG, LONG], 'weather.b': 1 },
      kept: { 'weather.b': 1n },
      refused: { PLUGIN_VALUE_LENGTH: 1 },
    },
    {
      name: '[PL14] numbers and truths stay',
      attributes: { 'weather.a': 1.5, 'weather.b': true },
      kept: { 'weather.a': 1.5, 'weather.b': true },
    },
    {
      name: '[PL14] what is beyond the count goes, in its order',
      attributes: Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [`weather.${n}`, 'x'])),
      kept: { 'weather.1': 'x', 'weather.2': 'x', 'weather.3': 'x', 'weather.4': 'x' },
      refused: { PLUGIN_ATTRIBUTE_COUNT: 2 },
    },
    {
      name: '[PL17] control sequences and HTML are data',
      attributes: { 'weather.a': '\u001b[31m<b>' },
      kept: { 'weather.a': '\u001b[31m<b>' },
    },
  ]
  test.each(rows)('$name', ({ attributes, kept, refused = {} }) => {
    const result = admitted('logs', logRecords({ body: 'b', attributes }))
    expect([attributesOf(keptLogs(result)), refusalsOf(result), result.rejected]).toEqual([[kept], refused, undefined])
  })

  test('[PL11] of resources, scopes, events, links, points and exemplars are judged alike', () => {
    const attributes = { secret: 'x', 'weather.a': 'y' }
    const [resource, scope] = [{ attributes }, { name: 's', attributes }]
    const span = {
      traceId: traceIdOf(1),
      spanId: spanIdOf(1),
      name: 'n',
      kind: 1,
      startUnixNano: T0_NANO,
      endUnixNano: T0_NANO,
    }
    const link = { traceId: traceIdOf(2), spanId: spanIdOf(2), attributes }
    const events = [{ timeUnixNano: T0_NANO, name: 'e', attributes }]
    const result = admitted(
      'traces',
      encodeTracesData({ resource, scope, spans: [{ ...span, attributes, events, links: [link] }] }),
    )
    const [kept] = result.chunks.flatMap(({ payload }) => decodeSpans(payload))
    const places = [kept?.resource, kept?.scope, kept, kept?.events[0], kept?.links[0]]
    expect(places.map((place) => place?.attributes.map(({ key }) => key))).toEqual(places.map(() => ['weather.a']))
    expect(refusalsOf(result)).toEqual({ PLUGIN_ATTRIBUTE: 5 })

    const points = [{ timeUnixNano: T0_NANO, value: 1, attributes }]
    const measured = encodeMetricsData({ resource, scope, metrics: [{ name: 'm', data: { type: 'gauge', points } }] })
    expect(refusalsOf(admitted('metrics', measured))).toEqual({ PLUGIN_ATTRIBUTE: 3 })
    expect(new TextDecoder('latin1').decode(admitted('metrics', measured).chunks[0]?.payload)).not.toContain('secret')
  })

  const twice: readonly (readonly [name: string, write: (writer: ProtobufWriter) => void])[] = [
    ['a key', (writer) => (writer.text(0x0a, 'weather.a'), writer.text(0x0a, 'secret'))],
    ['a value', (writer) => (writer.text(0x0a, 'weather.a'), stringValue(writer, 'a'), stringValue(writer, 'b'))],
    ['a key of a wrong wire type', (writer) => (writer.integer(0x08, 1), writer.text(0x0a, 'weather.a'))],
  ]
  test.each(twice)('[PL14] %s given twice makes the record malformed', (_name, write) => {
    const result = admitted(
      'logs',
      recordOf((writer) => nested(writer, 0x32, () => write(writer))),
    )
    expect([result.accepted, result.rejected?.code, refusalsOf(result)]).toEqual([
      0,
      'OTLP_MALFORMED',
      { PLUGIN_MALFORMED: 1 },
    ])
  })
})

describe('records', () => {
  const events: readonly (readonly [name: string, record: Partial<LogRecordInput>])[] = [
    ['whose event is of the audit', { eventName: 'audit.exported' }],
    ['whose event is a consent, however it is written', { eventName: ' CONSENT.granted' }],
    ['that name it as an attribute', { attributes: { 'event.name': 'audit.exported' } }],
  ]
  test.each(events)('[PL10] %s are not taken, those beside them are', (_name, record) => {
    const result = admitted('logs', logRecords({ body: 'before' }, record, { body: 'after' }))
    expect(keptLogs(result).map(({ body }) => body)).toEqual(['before', 'after'])
    expect([result.rejected?.code, result.rejected?.count, refusalsOf(result)]).toEqual([
      'PLUGIN_EVENT',
      1,
      { PLUGIN_EVENT: 1 },
    ])
  })

  test('[PL10] a span with such an event is not taken', () => {
    const span = {
      traceId: traceIdOf(1),
      spanId: spanIdOf(1),
      name: 'n',
      kind: 1,
      startUnixNano: T0_NANO,
      endUnixNano: T0_NANO,
    }
    const spans = [
      { ...span, events: [{ timeUnixNano: T0_NANO, name: 'consent.granted' }] },
      { ...span, spanId: spanIdOf(2) },
    ]
    const result = admitted('traces', encodeTracesData({ resource: { attributes: {} }, scope: SCOPE, spans }))
    expect([result.accepted, result.rejected?.code]).toEqual([1, 'PLUGIN_EVENT'])
  })

  test('[PL10] of a signal that it did not ask for are not taken', () => {
    for (const [signal, bytes, count] of [
      ['logs', logs('weather', 9, 9), 2],
      ['traces', manySpans('weather', 1, 1, 3), 3],
      ['metrics', metrics('weather', 4), 4],
    ] as const) {
      const result = admitted(signal, bytes, boundsOf({ signals: [] }))
      expect([result.chunks, result.rejected?.count, result.spent], signal).toEqual([[], count, 0])
      expect(refusalsOf(result)).toEqual({ PLUGIN_SIGNAL: count })
    }
  })

  test('[PL10] at the largest size are taken, a byte more is not', () => {
    // 60 characters of four bytes each fit no limit; the size is measured before anything is cut.
    const sized = (bytes: number): Uint8Array =>
      recordOf((writer) => nested(writer, 0x2a, () => writer.text(0x0a, 'x'.repeat(bytes))))
    const overhead = 12 // tags and lengths of the record, its body and the text in it
    const fitting = admitted('logs', sized(MAX_PLUGIN_RECORD_BYTES - overhead))
    const larger = admitted('logs', sized(MAX_PLUGIN_RECORD_BYTES - overhead + 1))
    expect([fitting.accepted, refusalsOf(fitting)]).toEqual([1, { PLUGIN_VALUE_LENGTH: 1 }])
    expect([larger.accepted, refusalsOf(larger)]).toEqual([0, { PLUGIN_RECORD_TOO_LARGE: 1 }])
    expect(keptLogs(fitting)[0]?.body).toBe('x'.repeat(MAX_BODY_CHARS))
  })

  test('[PL15] beyond what is left of the rate are not taken, nor looked at', () => {
    for (const [signal, bytes] of [
      ['logs', logs('weather', 9, 9, 9, 9, 9)],
      ['traces', manySpans('weather', 1, 1, 5)],
      ['metrics', metrics('weather', 5)],
    ] as const) {
      const result = admitted(signal, bytes, boundsOf(), 2)
      expect([result.accepted, result.spent, result.rejected?.count], signal).toEqual([2, 2, 3])
      expect(refusalsOf(result)).toEqual({ PLUGIN_RATE: 3 })
    }
  })

  test('[PL16] points of a series too many are not taken, of known ones they are', () => {
    const point = (city: string) => ({ timeUnixNano: T0_NANO, value: 1, attributes: { 'weather.city': city } })
    const batch = (...cities: readonly string[]) =>
      encodeMetricsData({
        resource: { attributes: {} },
        scope: SCOPE,
        metrics: [{ name: 'm', data: { type: 'gauge', points: cities.map(point) } }],
      })
    const bounds = boundsOf()
    const first = admitted('metrics', batch('a', 'b', 'c', 'd', 'e'), bounds)
    expect([first.accepted, refusalsOf(first)]).toEqual([3, { PLUGIN_SERIES: 2 }])
    const second = admitted('metrics', batch('c', 'd'), bounds)
    expect([second.accepted, refusalsOf(second)]).toEqual([1, { PLUGIN_SERIES: 1 }])
  })

  test('[PL16] attributes that are left out make no series', () => {
    const points = Array.from({ length: 50 }, (_, i) => ({
      timeUnixNano: T0_NANO,
      value: 1,
      attributes: { noise: `${i}` },
    }))
    const data = {
      resource: { attributes: {} },
      scope: SCOPE,
      metrics: [{ name: 'm', data: { type: 'gauge', points } as const }],
    }
    expect(admitted('metrics', encodeMetricsData(data)).accepted).toBe(50)
  })

  test('[PL12] are under the name of the credential, whatever the resource says', () => {
    const { chunks, refusals } = admitted('logs', logs('core', 9))
    expect([chunks.map(({ module }) => module), Object.fromEntries(refusals ?? [])]).toEqual([
      ['weather'],
      { PLUGIN_IDENTITY: 1 },
    ])
    const resource = decodeLogRecords(chunks[0]?.payload ?? new Uint8Array())[0]?.resource
    expect(resource?.attributes).toEqual([{ key: 'service.name', value: 'weather' }])
  })
})

describe('hostile messages', () => {
  const whole = logRecords(
    { body: 'a', attributes: { secret: 'x', 'weather.a': [1, 2] } },
    { body: 'b', eventName: 'audit.x' },
  )

  test('[PL10] that are cut off anywhere are refused as a whole, or record by record', () => {
    for (let end = 0; end < whole.length; end++) {
      try {
        const { bytes } = confine('logs', whole.subarray(0, end), boundsOf(), 100)
        expect(new TextDecoder('latin1').decode(bytes)).not.toMatch(/secret|audit\.x/)
      } catch (err) {
        expect(err).toBeInstanceOf(OtlpError)
      }
    }
  })

  test('[PL10] with any byte changed let nothing through that would not pass again', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const changed = whole.slice()
        changed[at] = byte
        try {
          const once = admitted('logs', changed)
          const kept = keptLogs(once).flatMap(({ attributes }) => attributes.map(({ key }) => key))
          expect(kept.every((key) => key.startsWith('weather.'))).toBe(true)
        } catch (err) {
          expect(err).toBeInstanceOf(OtlpError)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('[PL10] what the schema does not know is left out', () => {
    const result = admitted(
      'logs',
      recordOf((writer) => writer.text((99 << 3) | 2, 'smuggled')),
    )
    expect(result.accepted).toBe(1)
    expect(new TextDecoder('latin1').decode(result.chunks[0]?.payload)).not.toContain('smuggled')
  })

  test('[PL12] references to entities are left out', () => {
    const writer = new ProtobufWriter()
    nested(writer, 0x0a, () => {
      nested(writer, 0x0a, () => nested(writer, 0x1a, () => writer.text(0x12, 'host')))
      nested(writer, 0x12, () => nested(writer, 0x12, () => writer.fixed64(0x09, T0_NANO)))
    })
    const result = admitted('logs', writer.finish())
    expect([result.accepted, refusalsOf(result)]).toEqual([1, { PLUGIN_IDENTITY: 1 }])
    expect(new TextDecoder('latin1').decode(result.chunks[0]?.payload)).not.toContain('host')
  })

  test('[PL10] a resource that is given twice takes its records with it', () => {
    const writer = new ProtobufWriter()
    nested(writer, 0x0a, () => {
      for (const key of ['secret', 'weather.a'])
        nested(writer, 0x0a, () => nested(writer, 0x0a, () => writer.text(0x0a, key)))
      nested(writer, 0x12, () => nested(writer, 0x12, () => writer.fixed64(0x09, T0_NANO)))
    })
    const result = admitted('logs', writer.finish())
    expect([result.accepted, result.rejected?.count, refusalsOf(result)]).toEqual([0, 1, { PLUGIN_MALFORMED: 1 }])
  })
})

/** A message of one log record with a time and these fields. */
function recordOf(write: (writer: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter()
  nested(writer, 0x0a, () => nested(writer, 0x12, () => nested(writer, 0x12, () => write(writer))))
  return writer.finish()
}

function nested(writer: ProtobufWriter, tag: number, write: () => void): void {
  const open = writer.open(tag)
  write()
  writer.close(open)
}

function stringValue(writer: ProtobufWriter, text: string): void {
  nested(writer, 0x12, () => writer.raw(Uint8Array.of(0x0a, text.length, ...utf8(text))))
}
