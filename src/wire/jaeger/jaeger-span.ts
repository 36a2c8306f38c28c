/**
 * One Jaeger span -> a span of OTLP/JSON (rules: docs/spec/import-export.md). What OTLP has a place for goes there and is no
 * tag any more; all else stays, and what Jaeger keeps beside tags becomes an attribute `jaeger.*`.
 */
import { JaegerError } from './jaeger-error.ts'
import { readTags, textAttribute, textsAttribute, toAttribute, type JsonAttribute, type Tag } from './jaeger-tags.ts'
import { looseList, looseObject, looseTexts, type Loose } from './jaeger-types.ts'

export interface JsonScope {
  readonly name: string
  readonly version: string
}

export interface ConvertedSpan {
  readonly processId: string
  /** Its own process, as some exports write it; else undefined. */
  readonly process: unknown
  readonly scope: JsonScope
  readonly span: Readonly<Record<string, unknown>> & { readonly attributes: readonly JsonAttribute[] }
}

interface Reference {
  readonly traceId: string
  readonly spanId: string
  readonly type: 'child_of' | 'follows_from'
}

const TRACE_DIGITS = 32
const SPAN_DIGITS = 16
const KINDS = ['internal', 'server', 'client', 'producer', 'consumer'] as const
const STATUS_CODES: Readonly<Record<string, number>> = { OK: 1, ERROR: 2 }
/** Bit 0 of Jaeger's flags, and of W3C's: the trace is sampled. */
const SAMPLED = 1

/** @throws {JaegerError} for a span without ids or times */
export function convertSpan(value: unknown): ConvertedSpan {
  const source = looseObject(value)
  const traceId = requireId(source['traceID'], TRACE_DIGITS, 'traceID')
  const spanId = requireId(source['spanID'], SPAN_DIGITS, 'spanID')
  const start = requireMicros(source['startTime'], 'startTime')
  const references = readReferences(source, traceId)
  const parent = findParent(references, traceId)
  const tags = new TagReader(readTags(source['tags']))
  const { name, version } = readScope(tags)
  const kind = readKind(tags)
  const status = readStatus(tags)
  const traceState = tags.takeText('w3c.tracestate')
  const { processID: processId } = source
  return {
    processId: typeof processId === 'string' ? processId : '',
    process: source['process'],
    scope: { name, version },
    span: {
      traceId,
      spanId,
      ...(traceState !== undefined && { traceState }),
      ...(parent && { parentSpanId: parent.spanId }),
      name: typeof source['operationName'] === 'string' ? source['operationName'] : '',
      ...(kind !== undefined && { kind }),
      startTimeUnixNano: String(start),
      endTimeUnixNano: String(start + requireMicros(source['duration'] ?? 0, 'duration')),
      attributes: [...tags.rest().map(toAttribute), ...ownAttributes(source)],
      events: looseList(source['logs']).map(toEvent),
      links: references.filter((reference) => reference !== parent || reference.type !== 'child_of').map(toLink),
      ...(status && { status }),
      ...readFlags(source['flags']),
    },
  }
}

/** Tags that become fields are taken out: the first of a name is what counts. */
class TagReader {
  #tags: readonly Tag[]

  constructor(tags: readonly Tag[]) {
    this.#tags = tags
  }

  find(key: string): Tag | undefined {
    return this.#tags.find((tag) => tag.key === key)
  }

  take(tag: Tag): void {
    this.#tags = this.#tags.filter((other) => other !== tag)
  }

  takeText(key: string): string | undefined {
    const tag = this.find(key)
    if (typeof tag?.value !== 'string') return undefined
    this.take(tag)
    return tag.value
  }

  rest(): readonly Tag[] {
    return this.#tags
  }
}

/** As OpenTelemetry's exporters to Jaeger name it, in the new words and the old. */
function readScope(tags: TagReader): JsonScope {
  const take = (word: string): string | undefined =>
    tags.takeText(`otel.scope.${word}`) ?? tags.takeText(`otel.library.${word}`)
  return { name: take('name') ?? '', version: take('version') ?? '' }
}

function readKind(tags: TagReader): number | undefined {
  const tag = tags.find('span.kind')
  const kind = KINDS.findIndex((word) => word === tag?.value)
  if (tag === undefined || kind < 0) return undefined
  tags.take(tag)
  return kind + 1
}

/** `otel.status_code` says it best; else a tag `error` that is true. */
function readStatus(tags: TagReader): { readonly code: number; readonly message?: string } | undefined {
  const named = tags.find('otel.status_code')
  const error = tags.find('error')
  const code = STATUS_CODES[String(named?.value)]
  if (named !== undefined && code !== undefined) tags.take(named)
  const isError = error?.value === true || error?.value === 'true'
  if (code === undefined && !isError) return undefined
  // An error tag that says something else than the status is told by nothing but itself.
  if (error?.value === true && code !== STATUS_CODES['OK']) tags.take(error)
  const message = tags.takeText('otel.status_description')
  return { code: code ?? (STATUS_CODES['ERROR'] as number), ...(message !== undefined && { message }) }
}

function ownAttributes({ warnings, flags }: Loose): readonly JsonAttribute[] {
  const texts = looseTexts(warnings)
  const hasMore = typeof flags === 'number' && Number.isSafeInteger(flags) && (flags & ~SAMPLED) !== 0
  return [
    ...(texts.length > 0 ? [textsAttribute('jaeger.warnings', texts)] : []),
    ...(hasMore ? [{ key: 'jaeger.flags', value: { intValue: flags } }] : []),
  ]
}

/** Jaeger's other bits mean other things than W3C's. */
function readFlags(flags: unknown): { readonly flags?: number } {
  return typeof flags === 'number' && (flags & SAMPLED) === SAMPLED ? { flags: SAMPLED } : {}
}

function toEvent(value: unknown): Readonly<Record<string, unknown>> {
  const { timestamp, fields } = looseObject(value)
  const tags = new TagReader(readTags(fields))
  const name = tags.takeText('event')
  return {
    timeUnixNano: String(requireMicros(timestamp, 'timestamp')),
    // What OpenTelemetry's OpenTracing shim calls a log without a name.
    name: name ?? 'log',
    attributes: tags.rest().map(toAttribute),
  }
}

function toLink({ traceId, spanId, type }: Reference): Readonly<Record<string, unknown>> {
  return { traceId, spanId, attributes: [textAttribute('opentracing.ref_type', type)] }
}

/** Those with ids; a `parentSpanID` of older versions is one too. */
function readReferences(source: Loose, traceId: string): readonly Reference[] {
  const references = looseList(source['references']).flatMap((each): readonly Reference[] => {
    const reference = looseObject(each)
    const [trace, span] = [padId(reference['traceID'], TRACE_DIGITS), padId(reference['spanID'], SPAN_DIGITS)]
    const type = reference['refType'] === 'FOLLOWS_FROM' ? 'follows_from' : 'child_of'
    return trace && span ? [{ traceId: trace, spanId: span, type }] : []
  })
  const parent = padId(source['parentSpanID'], SPAN_DIGITS)
  const isNew = parent !== undefined && !references.some(({ type }) => type === 'child_of')
  return isNew ? [{ traceId, spanId: parent, type: 'child_of' }, ...references] : references
}

/** The first it is a child of; else, as OpenTelemetry's OpenTracing shim has it, the first it follows from. */
function findParent(references: readonly Reference[], traceId: string): Reference | undefined {
  const own = references.filter((reference) => reference.traceId === traceId)
  return own.find(({ type }) => type === 'child_of') ?? own[0]
}

function requireId(value: unknown, digits: number, name: string): string {
  const id = padId(value, digits)
  if (id === undefined)
    throw new JaegerError('JAEGER_BAD_ID', `${name} must be 1 to ${digits} hex digits, not all zero`)
  return id
}

/** Jaeger's ids may be shorter: 64 bits of a trace id, and no zeros in front. */
function padId(value: unknown, digits: number): string | undefined {
  if (typeof value !== 'string' || value.length > digits || !/^[0-9a-f]+$/i.test(value)) return undefined
  const id = value.toLowerCase().padStart(digits, '0')
  return /^0+$/.test(id) ? undefined : id
}

/** Microseconds, perhaps with a fraction -> nanoseconds. */
function requireMicros(value: unknown, name: string): bigint {
  const micros = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value
  if (typeof micros !== 'number' || !(micros >= 0 && micros <= Number.MAX_SAFE_INTEGER)) {
    throw new JaegerError('JAEGER_BAD_TIME', `${name} must be a number of microseconds`)
  }
  const whole = Math.floor(micros)
  return BigInt(whole) * 1000n + BigInt(Math.round((micros - whole) * 1000))
}
