/** Spans as a program would export them over OTLP/HTTP with JSON. */
import { randomBytes } from 'node:crypto'

export interface TestSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly attributes?: Readonly<Record<string, string>>
}

export function newTraceId(): string {
  return randomBytes(16).toString('hex')
}

export function newSpan(span: Partial<TestSpan> & Pick<TestSpan, 'traceId'>): TestSpan {
  return { spanId: randomBytes(8).toString('hex'), name: 'work', ...span }
}

export function newSpans(count: number, span: Partial<TestSpan> & Pick<TestSpan, 'traceId'>): readonly TestSpan[] {
  return Array.from({ length: count }, () => newSpan(span))
}

/** The body of one export request. */
export function otlpTraces(service: string, spans: readonly TestSpan[], startUnixMs = Date.now()): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: [attribute('service.name', service)] },
        scopeSpans: [{ scope: { name: 'test' }, spans: spans.map((span) => toOtlp(span, startUnixMs)) }],
      },
    ],
  })
}

function toOtlp({ traceId, spanId, parentSpanId, name, attributes = {} }: TestSpan, startUnixMs: number) {
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name,
    kind: 1,
    startTimeUnixNano: `${startUnixMs}000000`,
    endTimeUnixNano: `${startUnixMs + 1}000000`,
    attributes: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
  }
}

function attribute(key: string, value: string) {
  return { key, value: { stringValue: value } }
}
