/**
 * Log records as OTLP/JSON, each as a message of its own with the resource and scope it was recorded under, as the
 * OpenTelemetry file format has them. The resource says too whose record it is (docs/spec/conventions.md CV10): what is
 * stored proves that, whatever the program said of itself.
 */
import { cutMessage } from '../wire/otlp/cut-message.ts'
import { logsToJson, type OtlpJsonObject } from '../wire/otlp/to-json.ts'
import { deviceName } from './device-name.ts'
import type { MeshKnowledge, StoredChunk } from './trace-source.ts'

const ONE_EACH = { maxRecords: 1, maxBytes: Number.POSITIVE_INFINITY }

/**
 * @param records where they lie in the chunk's payload, in order
 * @throws {OtlpError} for a payload that cannot be read
 */
export function otlpLines(
  chunk: StoredChunk,
  records: readonly { readonly start: number }[],
  knowledge: MeshKnowledge,
): readonly OtlpJsonObject[] {
  const { payload } = chunk
  const wanted = new Set(records.map(({ start }) => start))
  const pieces = cutMessage(payload, ONE_EACH, ({ byteOffset }) => wanted.has(byteOffset - payload.byteOffset))
  const owner = ownerAttributes(chunk, knowledge)
  return [...pieces].map(({ bytes }) => withOwner(logsToJson(bytes), owner))
}

/** In the order they are written. */
function ownerAttributes({ deviceId, module, provenance }: StoredChunk, knowledge: MeshKnowledge) {
  return Object.entries({
    'aico.device.id': deviceId,
    'aico.device.name': deviceName(deviceId, knowledge),
    'aico.module': module,
    'aico.provenance': provenance,
  }).map(([key, stringValue]) => ({ key, value: { stringValue } }))
}

/** A message with one resource, as it was cut. */
function withOwner(message: OtlpJsonObject, owner: readonly OtlpJsonObject[]): OtlpJsonObject {
  const [resourceLogs] = message['resourceLogs'] as readonly OtlpJsonObject[]
  const resource = resourceLogs?.['resource'] as OtlpJsonObject | undefined
  const claimed = (resource?.['attributes'] ?? []) as readonly OtlpJsonObject[]
  const others = claimed.filter(({ key }) => owner.every((attribute) => attribute['key'] !== key))
  return { resourceLogs: [{ ...resourceLogs, resource: { ...resource, attributes: [...others, ...owner] } }] }
}
