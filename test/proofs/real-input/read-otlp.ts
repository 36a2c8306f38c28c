/** Spans and log records of a document of OTLP JSON, as its writer meant them. */
import { listOf, readAttributes, textOf, type Json, type SourceAttribute, type SourceRecord } from './source-record.ts'

const KINDS = ['internal', 'internal', 'server', 'client', 'producer', 'consumer']
const STATUSES = ['unset', 'ok', 'error']

interface Around {
  readonly attributes: readonly SourceAttribute[]
  readonly service: string
}

export function readOtlp(document: Json): readonly SourceRecord[] {
  return [
    ...readLane(document['resourceSpans'], 'scopeSpans', 'spans', readSpan),
    ...readLane(document['resourceLogs'], 'scopeLogs', 'logRecords', readLog),
  ]
}

function readLane(
  resources: unknown,
  scopesName: string,
  recordsName: string,
  read: (record: Json, around: Around) => SourceRecord,
): readonly SourceRecord[] {
  return listOf(resources).flatMap(({ resource, [scopesName]: scopes }) => {
    const ofResource = readAttributes((resource as Json)['attributes'])
    const service = ofResource.find(({ key }) => key === 'service.name')?.values[0]
    return listOf(scopes).flatMap(({ scope, [recordsName]: records }) => {
      const attributes = [...ofResource, ...readAttributes((scope as Json | undefined)?.['attributes'])]
      return listOf(records).map((record) => read(record, { attributes, service: textOf(service) }))
    })
  })
}

function readSpan(span: Json, { attributes, service }: Around): SourceRecord {
  const traceId = textOf(span['traceId']).toLowerCase()
  const status = (span['status'] as Json | undefined)?.['code'] ?? 0
  const ofEvents = listOf(span['events']).flatMap((event) => readAttributes(event['attributes']))
  return {
    lane: 'traces',
    id: `${traceId} ${textOf(span['spanId']).toLowerCase()}`,
    traceId,
    timeUnixNano: BigInt(span['startTimeUnixNano'] as string),
    attributes: [...attributes, ...readAttributes(span['attributes']), ...ofEvents],
    fields: {
      name: textOf(span['name']),
      service,
      kind: KINDS[(span['kind'] as number | undefined) ?? 0] as string,
      status: STATUSES[status as number] as string,
      trace: traceId,
    },
    severityNumber: 0,
    text: '',
  }
}

function readLog(record: Json, { attributes, service }: Around): SourceRecord {
  const own = readAttributes(record['attributes'])
  const traceId = textOf(record['traceId']).toLowerCase()
  const timeUnixNano = BigInt(record['timeUnixNano'] as string)
  const uid = own.find(({ key }) => key === UID)?.values[0]
  const eventName = textOf(record['eventName'])
  const severityNumber = (record['severityNumber'] as number | undefined) ?? 0
  return {
    lane: 'logs',
    id: logId(uid, timeUnixNano, severityNumber),
    traceId,
    timeUnixNano,
    attributes: [...attributes, ...own],
    fields: {
      service,
      ...(eventName !== '' && { name: eventName }),
      ...(traceId !== '' && { trace: traceId }),
    },
    severityNumber,
    text: textOf((record['body'] as Json | undefined)?.['stringValue']),
  }
}

/** What the shop numbers its log records by; others are known by when and how severe they were. */
export const UID = 'log.record.uid'

export function logId(uid: unknown, timeUnixNano: bigint | string, severityNumber: number): string {
  return typeof uid === 'string' ? uid : `${timeUnixNano} ${severityNumber}`
}
