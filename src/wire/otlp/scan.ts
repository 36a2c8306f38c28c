/**
 * The scan: OTLP protobuf -> columns with offsets, without decoding to objects. Where all telemetry from outside is judged.
 *
 * One bad record is rejected alone and counted, as OTLP's partial success asks; a bad resource or scope takes its own
 * records with it. Throws OtlpError only when the message as a whole cannot be read: broken framing around the records,
 * or more resources, scopes, records or bytes than limits.ts allows.
 */
import type { Signal } from '../../model/lane.ts'
import { checkMessage, newBudget } from './check-message.ts'
import { Columns, rowsBetween } from './columns.ts'
import type { Container, FieldRange } from './container.ts'
import { FIRST_TAG, readContainer, readRange } from './container.ts'
import { MAX_HEAD_BYTES, MAX_OTLP_BYTES, MAX_RECORD_BYTES, MAX_RECORDS, MAX_RESOURCES, MAX_SCOPES } from './limits.ts'
import { malformed, OtlpError, tooLarge } from './otlp-error.ts'
import { ProtobufReader } from './protobuf-reader.ts'
import { RecordScanner } from './record-scanner.ts'
import { RejectedTally } from './rejected-tally.ts'
import type { Scan, ScannedResource, ScannedScope } from './rows.ts'
import { countRecords, scanMetric } from './scan-metric.ts'
import type { Schema } from './schema.ts'
import { KEY_VALUE, RESOURCE, SCOPE } from './schema.ts'

type RowTokens = Uint32Array
const NO_TOKENS: RowTokens = new Uint32Array()
/** Field 1 of a resource, field 3 of a scope. */
const RESOURCE_ATTRIBUTES_TAG = 0x0a
const SCOPE_ATTRIBUTES_TAG = 0x1a

interface ScanState {
  readonly signal: Signal
  readonly reader: ProtobufReader
  readonly columns: Columns
  readonly scanner: RecordScanner
  readonly rejected: RejectedTally
  scopesLeft: number
  recordsLeft: number
  accepted: number
  /** Records, resources and scopes found bad so far. */
  flaws: number
}

/** @param columns to be filled: those of an earlier scan may be used again once nobody reads them any more */
export function scanOtlp(signal: Signal, bytes: Uint8Array, columns = new Columns(bytes)): Scan {
  if (bytes.length > MAX_OTLP_BYTES) throw tooLarge('bytes in a message', MAX_OTLP_BYTES)
  const reader = new ProtobufReader(bytes)
  const state: ScanState = {
    signal,
    reader,
    columns,
    scanner: new RecordScanner(reader, columns),
    rejected: new RejectedTally(),
    scopesLeft: MAX_SCOPES,
    recordsLeft: MAX_RECORDS,
    accepted: 0,
    flaws: 0,
  }
  const resources = readResources(reader).map((field) => scanResource(state, field))
  return { columns, resources, accepted: state.accepted, rejected: state.rejected.result() }
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
  const tokens = problem ? NO_TOKENS : headTokens(state, container.head, RESOURCE_ATTRIBUTES_TAG)
  const scopes = container.children.map((child) => scanScope(state, child, problem))
  const { start, end, others, othersBytes } = container
  const isWhole = state.flaws === flawsBefore
  return { start, end, serviceName, tokens, scopes, others, othersBytes, isWhole }
}

function scanScope(state: ScanState, field: FieldRange, resourceProblem: OtlpError | undefined): ScannedScope {
  const { columns } = state
  const container = readContainer(state.reader, field, state.recordsLeft)
  state.recordsLeft -= container.children.length
  const problem = resourceProblem ?? caught(state, () => checkHead(state.reader, container, SCOPE))
  const tokens = problem ? NO_TOKENS : headTokens(state, container.head, SCOPE_ATTRIBUTES_TAG)
  const firstRow = columns.count
  for (const child of container.children) {
    if (problem) reject(state, child, problem)
    else tryRecord(state, child)
  }
  const { start, end, others, othersBytes } = container
  return { start, end, rows: rowsBetween(firstRow, columns.count), tokens, others, othersBytes }
}

function tryRecord(state: ScanState, field: FieldRange): void {
  const { columns } = state
  const tokensBefore = columns.tokenCount
  try {
    if (field.end - field.start > MAX_RECORD_BYTES) throw tooLarge('bytes in a record', MAX_RECORD_BYTES)
    columns.reserve()
    if (!scanRecord(state, field)) return
    const row = columns.count
    columns.start[row] = field.start
    columns.end[row] = field.end
    columns.tokensEnd[row] = columns.tokenCount
    state.accepted += columns.weight[row] as number
    columns.count++
  } catch (err) {
    columns.tokenCount = tokensBefore
    if (!(err instanceof OtlpError)) throw err
    reject(state, field, err)
  }
}

/** Fills the row at `columns.count`. @returns false for a metric without points: it says nothing, and has no row */
function scanRecord({ signal, reader, columns, scanner }: ScanState, { content, end }: FieldRange): boolean {
  if (signal === 'metrics') {
    reader.seek(content, end)
    return scanMetric(reader, columns)
  }
  columns.weight[columns.count] = 1
  if (signal === 'traces') scanner.span(content, end)
  else scanner.logRecord(content, end)
  return true
}

function reject(state: ScanState, field: FieldRange, why: OtlpError): void {
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

/** Tokens of the attributes of a head that has been checked: its records are found by them as by their own. */
function headTokens({ columns, scanner }: ScanState, head: FieldRange | undefined, attributesTag: number): RowTokens {
  if (head === undefined) return NO_TOKENS
  const before = columns.tokenCount
  scanner.headAttributes(attributesTag, head.content, head.end)
  const tokens = columns.tokens.slice(before, columns.tokenCount)
  columns.tokenCount = before
  return tokens
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
