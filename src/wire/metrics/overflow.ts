/**
 * The series that counts the points of a source that has too many series. OpenTelemetry's name for what goes over a
 * cardinality limit (metrics SDK, "Overflow attribute"); what it counts are points, for points of several kinds have no sum.
 */
import type { SeriesIdentity } from './series-identity.ts'

export const OVERFLOW_IDENTITY: SeriesIdentity = {
  name: 'otel.metric.overflow',
  unit: '{point}',
  type: 'sum',
  isCumulative: false,
  isMonotonic: true,
  resource: [],
  scope: '',
  scopeAttributes: [],
  attributes: [['otel.metric.overflow', true]],
  shape: [],
}
