/** Examples made by others; see test/fixtures/otlp/README.md. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Signal } from '../../../../src/model/lane.ts'
import { hex } from './raw.ts'

const FOLDER = join(import.meta.dirname, '../../../fixtures/otlp')

/** One of the official OTLP/JSON examples. */
export function officialExample(name: 'trace' | 'logs' | 'metrics' | 'events'): string {
  return readFileSync(join(FOLDER, `${name}.json`), 'utf8')
}

/** One request as OpenTelemetry JS encodes it. */
export function otelJs(signal: Signal): Uint8Array {
  const requests = JSON.parse(readFileSync(join(FOLDER, 'otel-js.json'), 'utf8')) as Readonly<Record<Signal, string>>
  return hex(requests[signal])
}
