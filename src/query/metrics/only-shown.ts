/** A source that knows of no other metrics than those that may be looked at. */
import { parseIdentity } from '../../wire/metrics/series-identity.ts'
import type { MetricSource } from './metric-source.ts'

export function onlyShown(source: MetricSource, shows: NonNullable<MetricSource['shows']>): MetricSource {
  return {
    *series(name) {
      for (const row of source.series(name)) if (shows(row.module, parseIdentity(row.identity).name)) yield row
    },
    hours: (from, to) => source.hours(from, to),
    block: (tier, hour, series) => source.block(tier, hour, series),
    parts: (hour, series) => source.parts(hour, series),
    tail: () => source.tail(),
    shows,
  }
}
