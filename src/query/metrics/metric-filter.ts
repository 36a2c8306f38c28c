/** Which series of a metric are meant, and how they are put together: by device, module or the text of an attribute. */
import type { DeviceId } from '../../model/ids.ts'
import { labelText, type Labels, type SeriesIdentity } from '../../wire/metrics/series-identity.ts'
import { deviceName } from '../device-name.ts'
import type { MeshKnowledge } from '../trace-source.ts'

export interface MetricSeriesFacts {
  readonly deviceId: DeviceId
  readonly module: string
  readonly identity: SeriesIdentity
}
/** `device`, `module`, `scope`, or an attribute: of the points, else of the scope, else of the resource. */
export interface LabelFilter {
  readonly label: string
  readonly value: string
}

export function matchesAll(
  series: MetricSeriesFacts,
  filters: readonly LabelFilter[],
  knowledge: MeshKnowledge,
): boolean {
  return filters.every(({ label, value }) =>
    label === 'device' ? isDevice(series.deviceId, value, knowledge) : labelOf(series, label, knowledge) === value,
  )
}

/** Undefined where the series has no such label. */
export function labelOf(
  { deviceId, module, identity }: MetricSeriesFacts,
  label: string,
  knowledge: MeshKnowledge,
): string | undefined {
  if (label === 'device') return deviceName(deviceId, knowledge)
  if (label === 'module') return module
  if (label === 'scope') return identity.scope
  const { attributes, scopeAttributes, resource } = identity
  return textOf(attributes, label) ?? textOf(scopeAttributes, label) ?? textOf(resource, label)
}

/** Enough of an id to be meant as one. */
const MIN_ID_DIGITS = 4

function isDevice(deviceId: DeviceId, text: string, knowledge: MeshKnowledge): boolean {
  return deviceName(deviceId, knowledge) === text || (text.length >= MIN_ID_DIGITS && deviceId.startsWith(text))
}

function textOf(labels: Labels, key: string): string | undefined {
  const found = labels.find(([of]) => of === key)
  return found && labelText(found[1])
}
