/** Spans of a file of Jaeger's, as docs/spec/import-export.md (JG1 to JG6) says they are found. */
import {
  listOf,
  textOf,
  worthOf,
  type Json,
  type Scalar,
  type SourceAttribute,
  type SourceRecord,
} from './source-record.ts'

/** Tags that OTLP has a place for: no attributes any more. */
const PLACED = [
  'span.kind',
  'error',
  'otel.status_code',
  'otel.status_description',
  'otel.scope.name',
  'otel.scope.version',
]
const TRACE_STATE = 'w3c.tracestate'
/** Bit 0, sampled, has a place. */
const OTHER_FLAGS = ~1

export function readJaeger(document: Json): readonly SourceRecord[] {
  return listOf(document['data']).flatMap(({ spans, processes, warnings }) =>
    listOf(spans).map((span, i) => {
      const process = (processes as Readonly<Record<string, Json>>)[textOf(span['processID'])] as Json
      return readSpan(span, process, i === 0 ? texts('jaeger.trace.warnings', warnings) : [])
    }),
  )
}

function readSpan(span: Json, process: Json, ofTrace: readonly SourceAttribute[]): SourceRecord {
  const tags = listOf(span['tags'])
  const tag = (name: string): unknown => tags.find(({ key }) => key === name)?.['value']
  const traceId = textOf(span['traceID']).padStart(32, '0')
  const service = textOf(process['serviceName'])
  const flags = Number(span['flags'] ?? 0)
  return {
    lane: 'traces',
    id: `${traceId} ${textOf(span['spanID']).padStart(16, '0')}`,
    traceId,
    timeUnixNano: BigInt(span['startTime'] as number) * 1_000n,
    attributes: [
      { key: 'service.name', values: [service] },
      ...readTags(process['tags']),
      ...readTags(tags).filter(({ key }) => ![...PLACED, TRACE_STATE].includes(key)),
      ...listOf(span['logs']).flatMap((log) => readTags(log['fields']).filter(({ key }) => key !== 'event')),
      ...texts('jaeger.warnings', span['warnings']),
      ...((flags & OTHER_FLAGS) === 0 ? [] : [{ key: 'jaeger.flags', values: [BigInt(flags)] }]),
      ...ofTrace,
    ],
    fields: {
      name: textOf(span['operationName']),
      service,
      kind: textOf(tag('span.kind')) || 'internal',
      status: textOf(tag('otel.status_code')).toLowerCase() || (tag('error') === true ? 'error' : 'unset'),
      trace: traceId,
    },
    severityNumber: 0,
    text: '',
  }
}

function readTags(tags: unknown): readonly SourceAttribute[] {
  return listOf(tags).map(({ key, type, value }) => ({ key: textOf(key), values: readTag(type, value) }))
}

function readTag(type: unknown, value: unknown): readonly Scalar[] {
  if (type === 'binary') return []
  if (type === 'int64') return [BigInt(value as string)]
  return [type === 'float64' ? worthOf(value as number) : (value as string | boolean)]
}

function texts(key: string, value: unknown): readonly SourceAttribute[] {
  return Array.isArray(value) ? [{ key, values: value as string[] }] : []
}
