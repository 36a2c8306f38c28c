/**
 * Makes a module the one that OpenTelemetry's API talks to, so that libraries that instrument through it need no change. The
 * first that comes is it: whoever set up a provider before, this module or another library, keeps theirs.
 */
import {
  metrics,
  propagation,
  trace,
  type Context,
  type MeterProvider,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  type TracerProvider,
} from '@opentelemetry/api'
import { extractHeaders, injectHeaders, type MutableHeaders } from './propagation.ts'

export interface Providers {
  readonly tracerProvider: TracerProvider
  readonly meterProvider: MeterProvider
}

export function setGlobals({ tracerProvider, meterProvider }: Providers): void {
  trace.setGlobalTracerProvider(tracerProvider)
  metrics.setGlobalMeterProvider(meterProvider)
  propagation.setGlobalPropagator(w3cPropagator)
}

const FIELDS = ['traceparent', 'tracestate']

/** W3C Trace Context, read by the same rules as everywhere here. */
const w3cPropagator: TextMapPropagator = {
  inject<Carrier>(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>): void {
    const headers: MutableHeaders = injectHeaders({}, context)
    for (const [name, value] of Object.entries(headers)) setter.set(carrier, name, String(value))
  },
  extract<Carrier>(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context {
    const headers = Object.fromEntries(FIELDS.map((name) => [name, getter.get(carrier, name)]))
    return extractHeaders(headers, context)
  },
  fields: () => [...FIELDS],
}
