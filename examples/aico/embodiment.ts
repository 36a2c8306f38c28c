/**
 * embodiment, on the tablet: speaks the answer. A program that knows nothing of aico-mesh: stock OpenTelemetry, set up by
 * the standard variables, whose spans go by OTLP to whoever listens there. Here that is the tablet's agent.
 *
 *   OTEL_SERVICE_NAME=embodiment OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 node embodiment.ts
 */
import { context, propagation, SpanKind } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { setTimeout as pause } from 'node:timers/promises'
import { inSpan } from './in-span.ts'
import { serveWords, type Words } from './words-over-http.ts'

context.setGlobalContextManager(new AsyncLocalStorageContextManager())
propagation.setGlobalPropagator(new W3CTraceContextPropagator())
const provider = new TracerProvider({
  resource: resourceFromAttributes({ 'service.name': process.env['OTEL_SERVICE_NAME'] ?? 'embodiment' }),
  spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), scheduledDelayMillis: 200 })],
})
const tracer = provider.getTracer('embodiment')

serveWords({
  path: '/say',
  handle: (answer, headers) =>
    inSpan(
      tracer,
      'POST /say',
      { kind: SpanKind.SERVER },
      () => say(answer),
      propagation.extract(context.active(), headers),
    ),
  stop: () => provider.shutdown(),
})

/** What a body does is a span (docs/spec/conventions.md). */
function act(action: string, modality: string, ms: number): Promise<void> {
  const attributes = { 'aico.embodiment.action': action, 'aico.embodiment.modality': modality }
  return inSpan(tracer, `act ${action}`, { attributes }, () => pause(ms))
}

async function say(answer: Words): Promise<Words> {
  await act('speak', 'voice', 30)
  await act('move lips', 'face', 20)
  return answer
}
