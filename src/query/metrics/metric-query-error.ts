/** Questions about metrics that have no answer as they were asked. */
import { MeshError } from '../../base/errors.ts'

export type MetricQueryErrorCode =
  /** No series here has this name, or none that the filters let through. */
  | 'METRIC_NOT_FOUND'
  /** A function that this kind of metric does not have. */
  | 'METRIC_FUNCTION'
  /** More steps than one answer holds, or none. */
  | 'METRIC_RANGE'
export class MetricQueryError extends MeshError<MetricQueryErrorCode> {}
