/**
 * One trace of Jaeger's JSON -> OTLP protobuf (`TracesData`). Spans are gathered by process, which becomes their resource,
 * and by scope. A span that cannot be one of OTLP is left out alone and counted. Rules: docs/spec/import-export.md.
 */
import { otlpValueToProtobuf } from '../otlp/from-json.ts'
import { MAX_RECORDS } from '../otlp/limits.ts'
import { addRejected, RejectedTally } from '../otlp/rejected-tally.ts'
import type { RejectedRecords } from '../otlp/rows.ts'
import { JaegerError } from './jaeger-error.ts'
import { convertSpan, type ConvertedSpan } from './jaeger-span.ts'
import { readTags, textAttribute, textsAttribute, toAttribute, type JsonAttribute } from './jaeger-tags.ts'
import { looseObject, looseTexts, type JaegerTrace, type Loose } from './jaeger-types.ts'

export interface FromJaeger {
  readonly bytes: Uint8Array
  readonly rejected: RejectedRecords | undefined
}

/** Most spans in one trace of a file: what one OTLP message holds. */
export const MAX_JAEGER_SPANS = MAX_RECORDS

/** @throws {JaegerError} `JAEGER_NOT_A_TRACE`, `JAEGER_TOO_LARGE`: nothing of it can be taken then */
export function jaegerTraceToOtlp(value: unknown): FromJaeger {
  const trace = readTrace(value)
  const spans: ConvertedSpan[] = []
  const refused = new RejectedTally()
  for (const each of trace.spans) {
    try {
      spans.push(convertSpan(each))
    } catch (err) {
      if (!(err instanceof JaegerError)) throw err
      refused.add(err, 1)
    }
  }
  const { bytes, rejected } = otlpValueToProtobuf('traces', { resourceSpans: toResources(trace, spans) })
  return { bytes, rejected: addRejected(refused.result(), rejected) }
}

function readTrace(value: unknown): JaegerTrace {
  const { spans, processes, warnings } = looseObject(value)
  if (!Array.isArray(spans)) throw new JaegerError('JAEGER_NOT_A_TRACE', 'a trace of Jaeger has a list of spans')
  if (spans.length > MAX_JAEGER_SPANS) {
    throw new JaegerError('JAEGER_TOO_LARGE', `spans in one trace: more than ${MAX_JAEGER_SPANS}`, {
      details: { limit: MAX_JAEGER_SPANS },
    })
  }
  return { spans, processes: looseObject(processes), warnings: looseTexts(warnings) }
}

type JsonSpan = ConvertedSpan['span']
interface ScopeSpans {
  readonly scope: ConvertedSpan['scope']
  readonly spans: JsonSpan[]
}
interface ResourceSpans {
  readonly resource: { readonly attributes: readonly JsonAttribute[] }
  readonly scopeSpans: readonly ScopeSpans[]
}

function toResources(trace: JaegerTrace, spans: readonly ConvertedSpan[]): readonly ResourceSpans[] {
  const resources = new Map<string, ResourceSpans & { readonly scopes: Map<string, ScopeSpans> }>()
  for (const { processId, process, scope, span } of withTraceWarnings(trace, spans)) {
    const source = process === undefined ? trace.processes[processId] : process
    const key = process === undefined ? processId : JSON.stringify(process)
    const resource = resources.get(key) ?? newResource(looseObject(source))
    resources.set(key, resource)
    const scopeKey = `${scope.name}\0${scope.version}`
    const inScope = resource.scopes.get(scopeKey)
    if (inScope) inScope.spans.push(span)
    else resource.scopes.set(scopeKey, { scope, spans: [span] })
  }
  return [...resources.values()].map(({ resource, scopes }) => ({ resource, scopeSpans: [...scopes.values()] }))
}

function newResource({ serviceName, tags }: Loose) {
  const service = typeof serviceName === 'string' ? [textAttribute('service.name', serviceName)] : []
  // Where two attributes have one name, the first counts: the process's own name is not a tag's to change.
  const attributes = [...service, ...readTags(tags).map(toAttribute)]
  return { resource: { attributes }, scopeSpans: [], scopes: new Map<string, ScopeSpans>() }
}

/** What Jaeger says of a trace as a whole has no place in OTLP but at one of its spans: the first. */
function withTraceWarnings({ warnings }: JaegerTrace, spans: readonly ConvertedSpan[]): readonly ConvertedSpan[] {
  const [first, ...others] = spans
  if (first === undefined || warnings.length === 0) return spans
  const attributes = [...first.span.attributes, textsAttribute('jaeger.trace.warnings', warnings)]
  return [{ ...first, span: { ...first.span, attributes } }, ...others]
}
