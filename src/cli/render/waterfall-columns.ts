/** How a waterfall shares out the width of a line: what is short takes what it needs, the time line takes the rest. */
import type { TraceSpan } from '../../agent/http-types/traces.ts'
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
  /** Self time, or the part of the path where only that is drawn; 0 where there is no room for it. */
  readonly share: number
  readonly timeline: number
}

/** Lane, badge, mark of the critical path, and the spaces between columns. */
const FIXED_CELLS = 9
/** Cells that the headings need, in the order of {@link Columns}. */
const HEADING_CELLS = [4, 6, 4, 4, 4] as const
/** Least cells of the time line that self times leave it, and the parts of the path where only that is drawn. */
const TIMELINE_BESIDE_SELF_CELLS = 20
const TIMELINE_BESIDE_PATH_CELLS = 13
/** Cells of one level of the tree. */
export const LEVEL_CELLS = 2

export function columnsOf(rows: readonly TreeRow[], drawing: Drawing): Columns {
  const { width, ascii, clean, glyphs } = drawing
  let [device, module, name, duration, share]: [number, number, number, number, number] = [...HEADING_CELLS]
  for (const row of rows) {
    if (row.kind === 'missing-parent') continue
    const { span, depth } = row
    device = Math.max(device, displayWidth(drawing.nameOf(span.deviceId)))
    module = Math.max(module, displayWidth(clean(span.module)))
    const mark = markOf(span, glyphs).length
    name = Math.max(name, displayWidth(clean(span.name)) + mark + (depth === 0 ? 0 : depth * LEVEL_CELLS + 1))
    duration = Math.max(duration, formatDuration(Number(span.durationNano), { ascii }).length)
    share = Math.max(share, formatDuration(shareOf(span, drawing), { ascii }).length)
  }
  // Shares of the line at most; a column that needs less leaves the rest to the time line.
  device = Math.min(device, partOf(width, 0.1, 16))
  module = Math.min(module, partOf(width, 0.14, 24))
  name = Math.min(name, partOf(width, 0.32, 60))
  const left = width - FIXED_CELLS - device - module - name - duration
  const least = drawing.onlyCritical ? TIMELINE_BESIDE_PATH_CELLS : TIMELINE_BESIDE_SELF_CELLS
  if (left - share - 1 < least) return { device, module, name, duration, share: 0, timeline: left }
  return { device, module, name, duration, share, timeline: left - share - 1 }
}

/** Nanoseconds of a span's own: all of them, or where only the path is drawn those on it. */
export function shareOf({ selfNano, criticalNano }: TraceSpan, { onlyCritical }: Drawing): number {
  return Number(onlyCritical ? (criticalNano ?? 0) : selfNano)
}

function partOf(width: number, fraction: number, most: number): number {
  return Math.min(most, Math.round(width * fraction))
}
