/** Errors of the metric block formats: whatever bytes a decoder here is given, it throws this or returns a value. */
import { WireError } from '../wire-error.ts'

export type MetricBlockErrorCode = 'METRIC_BLOCK_VERSION' | 'METRIC_BLOCK_MALFORMED' | 'METRIC_BLOCK_TOO_LARGE'
export class MetricBlockError extends WireError<MetricBlockErrorCode> {}

export function malformedBlock(problem: string): MetricBlockError {
  return new MetricBlockError('METRIC_BLOCK_MALFORMED', `a metric block: ${problem}`)
}
