/** How a waterfall shares out the width of a line: what is short takes what it needs, the time line takes the rest. */
import { displayWidth } from './display-width.ts'
import type { Drawing } from './drawing.ts'
import { formatDuration } from './duration.ts'
import { markOf } from './span-name.ts'
import type { TreeRow } from './tree-rows.ts'

export interface Columns {
  readonly device: number
  readonly module: number
  /** Tree guides and span name. */
  readonly name: number
  readonly duration: number
  readonly timeline: number
}

/** Lane, badge, and the spaces between columns. */
const FIXED_CELLS = 7
/** Cells that the headings need, in the order of {@link Columns}. */
const HEADING_CELLS = [4, 6, 4, 0] as const
/** Cells of one level of the tree. */
export const LEVEL_CELLS = 2

export function columnsOf(rows: readonly TreeRow[], drawing: Drawing): Columns {
  const { width, ascii, clean, glyphs } = drawing
  let [device, module, name, duration]: [number, number, number, number] = [...HEADING_CELLS]
  for (const row of rows) {
    if (row.kind === 'missing-parent') continue
    const { span, depth } = row
    device = Math.max(device, displayWidth(drawing.nameOf(span.deviceId)))
    module = Math.max(module, displayWidth(clean(span.module)))
    const mark = markOf(span, glyphs).length
    name = Math.max(name, displayWidth(clean(span.name)) + mark + (depth === 0 ? 0 : depth * LEVEL_CELLS + 1))
    duration = Math.max(duration, formatDuration(Number(span.durationNano), { ascii }).length)
  }
  // Shares of the line at most; a column that needs less leaves the rest to the time line.
  device = Math.min(device, share(width, 0.1, 16))
  module = Math.min(module, share(width, 0.14, 24))
  name = Math.min(name, share(width, 0.32, 60))
  return { device, module, name, duration, timeline: width - FIXED_CELLS - device - module - name - duration }
}

function share(width: number, fraction: number, most: number): number {
  return Math.min(most, Math.round(width * fraction))
}
