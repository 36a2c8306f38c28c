/**
 * A stitched trace as a waterfall in a terminal: header, one row for each span, ghost rows for what is missing, legend.
 *
 * Never prints anything but text and its own colours, whatever the spans say; never moves a span within its device.
 */
import type { TraceView } from '../../agent/http-types/traces.ts'
import { painter } from './colour.ts'
import { makeDrawing } from './drawing.ts'
import { ASCII_GLYPHS, UNICODE_GLYPHS } from './glyphs.ts'
import { asciiText, safeText } from './safe-text.ts'
import { timeScale, type Times } from './time-scale.ts'
import { treeRows } from './tree-rows.ts'
import { renderGaps } from './waterfall-gaps.ts'
import { renderHeader } from './waterfall-header.ts'
import { renderLegend } from './waterfall-legend.ts'
import { renderRows } from './waterfall-rows.ts'

/** Narrowest drawing, in cells; a narrower terminal wraps lines. */
export const MIN_WIDTH = 60
/** Widest drawing, in cells: beyond it the eye loses the row. */
export const MAX_WIDTH = 240
/** Rows drawn unless more are asked for: what a terminal can scroll back. */
export const DEFAULT_MAX_ROWS = 2000

export interface WaterfallOptions {
  /** Cells the terminal has. */
  readonly width: number
  readonly color: boolean
  /** Starts on this device's clock (measured offsets), or as recorded. Default `corrected`. */
  readonly times?: Times
  /** Draw with ASCII characters only. Default false. */
  readonly ascii?: boolean
  readonly maxRows?: number
  /** Draw only the spans of the critical path. Default false. */
  readonly onlyCritical?: boolean
  /** Say the id of each span. Default false. */
  readonly ids?: boolean
}

/** @returns lines, the last with its line break too; without colours, none has trailing spaces. */
export function renderWaterfall(trace: TraceView, options: WaterfallOptions): string {
  const { color, ascii = false, times = 'corrected', maxRows = DEFAULT_MAX_ROWS } = options
  const { onlyCritical = false, ids = false } = options
  const drawing = makeDrawing({
    trace,
    ascii,
    times,
    onlyCritical,
    ids,
    width: Math.min(Math.max(Math.trunc(options.width) || MIN_WIDTH, MIN_WIDTH), MAX_WIDTH),
    glyphs: ascii ? ASCII_GLYPHS : UNICODE_GLYPHS,
    paint: painter(color),
    clean: ascii ? asciiText : safeText,
  })
  // A span on the path hangs from one that is on it too, so what is left is a tree.
  const spans = onlyCritical ? trace.spans.filter((span) => span.critical) : trace.spans
  const rows = treeRows(spans).slice(0, maxRows)
  const drawn = rows.filter((row) => row.kind === 'span')
  const hidden = { cut: spans.length - drawn.length, offPath: trace.spans.length - spans.length }
  const scale = timeScale(trace.spans, times)
  const lines = [
    ...renderHeader(scale.totalNanos, drawing),
    '',
    ...renderRows(rows, scale, drawing),
    ...renderGaps(hidden, new Set(drawn.map(({ span }) => span.spanId)), drawing),
    '',
    ...renderLegend(drawn, drawing),
  ]
  return lines.map((line) => `${line.trimEnd()}\n`).join('')
}
