/** Rows of a scan as objects, for tests to compare. */
import type { Columns } from '../../src/wire/otlp/columns.ts'
import type { Scan } from '../../src/wire/otlp/rows.ts'

export function rowView(columns: Columns, row: number) {
  return {
    start: columns.start[row],
    end: columns.end[row],
    weight: columns.weight[row],
    from: columns.from(row),
    to: columns.to(row),
    level: columns.level[row],
    traceId: columns.traceId(row),
    spanId: columns.spanId(row),
    parentSpanId: columns.parentSpanId(row),
    name: columns.name(row),
  }
}

export function rowViews(scan: Scan) {
  return scan.resources.flatMap(({ scopes }) =>
    scopes.flatMap(({ rows }) => Array.from(rows, (row) => rowView(scan.columns, row))),
  )
}
