/** Runs work in a span, with any OpenTelemetry tracer: the span is active meanwhile, ends with it, and records its failure. */
import { context as contextApi, SpanStatusCode, type Context, type SpanOptions, type Tracer } from '@opentelemetry/api'

export function inSpan<T>(
  tracer: Tracer,
  name: string,
  options: SpanOptions,
  work: () => Promise<T>,
  parent: Context = contextApi.active(),
): Promise<T> {
  return tracer.startActiveSpan(name, options, parent, async (span) => {
    try {
      return await work()
    } catch (err) {
      span.recordException(err instanceof Error ? err : String(err))
      span.setStatus({ code: SpanStatusCode.ERROR })
      throw err
    } finally {
      span.end()
    }
  })
}
