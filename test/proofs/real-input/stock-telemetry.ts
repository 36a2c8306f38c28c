/**
 * OpenTelemetry of the shop (stock-app.ts), set up as its documentation says: two services, one exporting protobuf and one
 * JSON, logs and metrics. What an exporter says was taken is counted, and written down as OpenTelemetry's own JSON.
 */
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { JsonLogsSerializer, JsonMetricsSerializer, JsonTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes, type Resource } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'

const [url = '', folder = ''] = process.argv.slice(2)
const QUEUE = { maxQueueSize: 16_384, maxExportBatchSize: 512, scheduledDelayMillis: 100 }
const METRICS_EVERY_MS = 1_000

/** Records, and points, that an exporter succeeded with. */
export const taken = { spans: 0, logs: 0, points: 0, failed: 0 }

interface Outcome {
  readonly code: number
}
interface Exporter<Batch> {
  export(batch: Batch, done: (outcome: Outcome) => void): void
}
interface Notes<Batch> {
  readonly file: string
  readonly count: keyof typeof taken
  readonly sizeOf: (batch: Batch) => number
  readonly serializer: { serializeRequest(batch: Batch): Uint8Array | undefined }
}

/** The exporter as it was, but that what it succeeds with is written down and counted. */
function noted<Batch, Any extends Exporter<Batch>>(exporter: Any, notes: Notes<Batch>): Any {
  const { file, count, sizeOf, serializer } = notes
  const exportBatch = exporter.export.bind(exporter)
  exporter.export = (batch, done) => {
    exportBatch(batch, (outcome) => {
      taken[outcome.code === 0 ? count : 'failed'] += sizeOf(batch)
      if (outcome.code === 0) {
        appendFileSync(join(folder, file), Buffer.concat([serializer.serializeRequest(batch) ?? EMPTY, NEW_LINE]))
      }
      done(outcome)
    })
  }
  return exporter
}
const EMPTY = new Uint8Array()
const NEW_LINE = Buffer.from('\n')

function resourceOf(service: string, pid: number): Resource {
  return resourceFromAttributes({
    'service.name': service,
    'service.version': '3.1.4',
    'service.instance.id': `${service}-1`,
    'deployment.environment.name': 'Prüfstand',
    'host.name': 'till-7',
    'process.pid': pid,
    'process.command_args': ['node', 'stock-app.ts', service],
    'shop.open': true,
    'shop.discount': 0.15,
    'shop.slogan': '',
  })
}

const shopResource = resourceOf('shop', 4_711)
const stockResource = resourceOf('stock', 4_712)

function tracing(resource: Resource, exporter: SpanExporter, file: string): TracerProvider {
  const notes = { file, count: 'spans', sizeOf: ({ length }: readonly unknown[]) => length } as const
  const kept = noted(exporter, { ...notes, serializer: JsonTraceSerializer })
  return new TracerProvider({ resource, spanProcessors: [new BatchSpanProcessor({ exporter: kept, ...QUEUE })] })
}

const tracesUrl = `${url}/v1/traces`
const shopTracing = tracing(shopResource, new OTLPTraceExporter({ url: tracesUrl }), 'shop.jsonl')
const stockTracing = tracing(stockResource, new JsonTraceExporter({ url: tracesUrl }), 'stock.jsonl')
const logging = new LoggerProvider({
  resource: shopResource,
  processors: [
    new BatchLogRecordProcessor({
      exporter: noted(new OTLPLogExporter({ url: `${url}/v1/logs` }), {
        file: 'logs.jsonl',
        count: 'logs',
        sizeOf: ({ length }) => length,
        serializer: JsonLogsSerializer,
      }),
      ...QUEUE,
    }),
  ],
})
const metering = new MeterProvider({
  resource: shopResource,
  views: [{ instrumentName: 'shop.weight', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
  readers: [
    new PeriodicExportingMetricReader({
      exportIntervalMillis: METRICS_EVERY_MS,
      exporter: noted(new OTLPMetricExporter({ url: `${url}/v1/metrics` }), {
        file: 'metrics.jsonl',
        count: 'points',
        sizeOf: ({ scopeMetrics }) =>
          scopeMetrics.flatMap(({ metrics }) => metrics).reduce((sum, { dataPoints }) => sum + dataPoints.length, 0),
        serializer: JsonMetricsSerializer,
      }),
    }),
  ],
})

export const shop = shopTracing.getTracer('shop.http', '2.0.1')
export const stock = stockTracing.getTracer('stock.grpc', '0.9.0-β')
export const logger = logging.getLogger('shop.journal', '1.2.3')
export const meter = metering.getMeter('shop.meters', '1.0.0')

/** Exports what is left. */
export async function shutDown(): Promise<void> {
  await Promise.all([shopTracing, stockTracing, logging, metering].map((provider) => provider.shutdown()))
}
