/** What every record of a module says of where it comes from: OpenTelemetry's resource and scope, and which run it was. */
import type { Attributes } from '../wire/otlp/attributes.ts'
import type { Origin } from './encode-records.ts'

export const SDK_NAME = 'aico-mesh/sdk'
export const SDK_VERSION = '0.1.0'

export interface OriginOptions {
  /** `service.instance.id`: tells several processes of one module apart. Default: the session's id. */
  readonly instanceName?: string
  /** `service.version`. */
  readonly serviceVersion?: string
}

export function originOf(name: string, sessionId: string, options: OriginOptions): Origin {
  const attributes: Attributes = [
    { key: 'service.name', value: name },
    { key: 'service.instance.id', value: options.instanceName ?? sessionId },
    ...(options.serviceVersion === undefined ? [] : [{ key: 'service.version', value: options.serviceVersion }]),
    { key: 'telemetry.sdk.name', value: SDK_NAME },
    { key: 'telemetry.sdk.language', value: 'nodejs' },
    { key: 'telemetry.sdk.version', value: SDK_VERSION },
  ]
  return { resource: { attributes }, sessionId, scope: { name: SDK_NAME, version: SDK_VERSION } }
}
