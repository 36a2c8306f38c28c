/**
 * The scan: OTLP protobuf -> rows with offsets, without decoding to objects. Where all telemetry from outside is judged.
 *
 * One bad record is rejected alone and counted, as OTLP's partial success asks; a bad resource or scope takes its own
 * records with it. Throws OtlpError only when the message as a whole cannot be read: broken framing around the records,
 * or more resources, scopes, records or bytes than limits.ts allows.
 */
import type { Signal } from '../../model/lane.ts'
import { checkMessage, newBudget } from './check-message.ts'
import type { Container, FieldRange } from './container.ts'
import { FIRST_TAG, readContainer, readRange } from './container.ts'
import { MAX_HEAD_BYTES, MAX_OTLP_BYTES, MAX_RECORDS, MAX_RESOURCES, MAX_SCOPES } from './limits.ts'
import { malformed, OtlpError, tooLarge } from './otlp-error.ts'
import { ProtobufReader } from './protobuf-reader.ts'
import { RejectedTally } from './rejected-tally.ts'
import type { Row, Scan, ScannedResource, ScannedScope } from './rows.ts'
import { countRecords, scanRecord } from './scan-record.ts'
import type { Schema } from './schema.ts'
import { KEY_VALUE, RESOURCE, SCOPE } from './schema.ts'

interface ScanState {
  readonly signal: Signal
  readonly reader: ProtobufReader
  readonly rejected: RejectedTally
  scopesLeft: number
  recordsLeft: number
  accepted: number
  /** Records, resources and scopes found bad so far. */
  flaws: number
}

export function scanOtlp(signal: Signal, bytes: Uint8Array): Scan {
  if (bytes.length > MAX_OTLP_BYTES) throw tooLarge('bytes in a message', MAX_OTLP_BYTES)
  const reader = new ProtobufReader(bytes)
  const state: ScanState = {
    signal,
    reader,
    rejected: new RejectedTally(),
    scopesLeft: MAX_SCOPES,
    recordsLeft: MAX_RECORDS,
    accepted: 0,
    flaws: 0,
  }
  const resources = readResources(reader).map((field) => scanResource(state, field))
  return { resources, accepted: state.accepted, rejected: state.rejected.result() }
}

/** The resources of a data message: its only field. */
export function readResources(reader: ProtobufReader): FieldRange[] {
  const resources: FieldRange[] = []
  while (reader.hasMore) {
    const start = reader.pos
    const tag = reader.tag()
    if (tag !== FIRST_TAG) {
      if (tag >>> 3 === 1) throw malformed('a resource has the wrong wire type')
      reader.skip(tag & 7)
      continue
    }
    if (resources.length === MAX_RESOURCES) throw tooLarge('resources in one message', MAX_RESOURCES)
    resources.push(readRange(reader, start))
  }
  return resources
}

function scanResource(state: ScanState, field: FieldRange): ScannedResource {
  const container = readContainer(state.reader, field, state.scopesLeft)
  state.scopesLeft -= container.children.length
  let serviceName: string | undefined
  const flawsBefore = state.flaws
  const problem = caught(state, () => {
    checkHead(state.reader, container, RESOURCE)
    serviceName = readServiceName(state.reader, container.head)
  })
  const scopes = container.children.map((child) => scanScope(state, child, problem))
  const { start, end, others, othersBytes } = container
  const isWhole = state.flaws === flawsBefore
  return { start, end, serviceName, scopes, others, othersBytes, isWhole }
}

function scanScope(state: ScanState, field: FieldRange, resourceProblem: OtlpError | undefined): ScannedScope {
  const container = readContainer(state.reader, field, state.recordsLeft)
  state.recordsLeft -= container.children.length
  const problem = resourceProblem ?? caught(state, () => checkHead(state.reader, container, SCOPE))
  const rows: Row[] = []
  for (const child of container.children) {
    const row = problem ? reject(state, child, problem) : tryRecord(state, child)
    if (row === undefined) continue
    rows.push(row)
    state.accepted += row.kind === 'metric' ? row.points : 1
  }
  const { start, end, others, othersBytes } = container
  return { start, end, rows, others, othersBytes }
}

function tryRecord(state: ScanState, field: FieldRange): Row | undefined {
  try {
    return scanRecord(state.signal, state.reader, field)
  } catch (err) {
    if (err instanceof OtlpError) return reject(state, field, err)
    throw err
  }
}

function reject(state: ScanState, field: FieldRange, why: OtlpError): undefined {
  state.flaws++
  state.rejected.add(why, countRecords(state.signal, state.reader, field))
}

function checkHead(reader: ProtobufReader, container: Container, schema: Schema): void {
  const { head, schemaUrl } = container
  if (container.isAmbiguous) throw malformed(`${schema.name} or its schema URL is given twice`)
  if (container.othersBytes > MAX_HEAD_BYTES) throw tooLarge(`bytes in a ${schema.name}`, MAX_HEAD_BYTES)
  if (schemaUrl !== undefined) {
    reader.seek(schemaUrl.start, schemaUrl.end)
    reader.tag()
    reader.skipText()
  }
  if (head === undefined) return
  reader.seek(head.content, head.end)
  checkMessage(reader, schema, newBudget())
}

/** The first `service.name` of a resource that has been checked. */
function readServiceName(reader: ProtobufReader, head: FieldRange | undefined): string | undefined {
  if (head === undefined) return undefined
  let name: string | undefined
  reader.seek(head.content, head.end)
  checkMessage(reader, RESOURCE, newBudget(), (tag) => {
    if (tag !== FIRST_TAG) return false
    const outer = reader.enter()
    name ??= readServiceNameValue(reader)
    reader.leave(outer)
    return true
  })
  return name
}

function readServiceNameValue(reader: ProtobufReader): string | undefined {
  let key = ''
  let value: string | undefined
  checkMessage(reader, KEY_VALUE, newBudget(), (tag) => {
    if (tag === 0x0a) key = reader.text()
    else if (tag === 0x12) value = readStringValue(reader)
    else return false
    return true
  })
  return key === 'service.name' && value !== '' ? value : undefined
}

/** An AnyValue's string, if that is the member set last. */
function readStringValue(reader: ProtobufReader): string | undefined {
  let value: string | undefined
  const outer = reader.enter()
  while (reader.hasMore) {
    const tag = reader.tag()
    if (tag === 0x0a) value = reader.text()
    else {
      reader.skip(tag & 7)
      if (tag >>> 3 <= 7) value = undefined
    }
  }
  reader.leave(outer)
  return value
}

function caught(state: ScanState, work: () => void): OtlpError | undefined {
  try {
    work()
    return undefined
  } catch (err) {
    if (!(err instanceof OtlpError)) throw err
    state.flaws++
    return err
  }
}
