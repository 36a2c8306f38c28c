/** The rows of a waterfall under their heading: lane, badge, module, tree and name, duration, mark of the critical path, self time, bar. */
import type { Provenance, TraceSpan } from '../../agent/http-types/traces.ts'
import type { Style } from './colour.ts'
import { displayWidth, fit, truncate } from './display-width.ts'
import type { Drawing } from './drawing.ts'
import { formatDuration } from './duration.ts'
import { plural } from './plural.ts'
import { timeBar } from './time-bar.ts'
import type { TimeScale } from './time-scale.ts'
import { linkTexts } from './span-links.ts'
import { guidesBelow, nameCell } from './span-name.ts'
import { treeGuides, type Guides, type SpanRow, type TreeRow } from './tree-rows.ts'
import { columnsOf, LEVEL_CELLS, shareOf, type Columns } from './waterfall-columns.ts'

const BADGE_STYLES: Readonly<Record<Provenance, readonly Style[]>> = {
  verified: ['green'],
  unverified: ['yellow'],
  tampered: ['red', 'bold'],
  conflict: ['yellow', 'bold'],
}

export function renderRows(rows: readonly TreeRow[], scale: TimeScale, drawing: Drawing): readonly string[] {
  const columns = columnsOf(rows, drawing)
  // Guides may fill half of the name column; deeper levels are cut on the left.
  const maxLevels = Math.max(2, Math.floor(columns.name / 2 / LEVEL_CELLS))
  const guides = treeGuides(
    rows.map((row) => row.depth),
    maxLevels,
  )
  return [
    headingLine(columns, scale, drawing),
    ...rows.flatMap((row, i) => {
      if (row.kind === 'missing-parent') return [missingParentLine(row.parentSpanId, columns, drawing)]
      const placed = { row, guides: guides[i] as Guides, hasChildren: (rows[i + 1]?.depth ?? 0) > row.depth }
      return [spanLine(placed, columns, scale, drawing), ...linesBelow(placed, columns, drawing)]
    }),
  ]
}

function headingLine(columns: Columns, scale: TimeScale, drawing: Drawing): string {
  const labels = [
    fit(' device', columns.device + 3),
    fit('module', columns.module),
    fit('span', columns.name),
    fit('time', columns.duration, 'right'),
    ' ',
    ...shareCell(drawing.onlyCritical ? 'path' : 'self', columns),
  ]
  return drawing.paint(`${labels.join(' ')} ${ruler(columns.timeline, scale.totalNanos, drawing)}`, 'dim')
}

/** `├ 0 ─── 206 ms ─── 412 ms ┤` */
function ruler(cells: number, totalNanos: number, { ascii, glyphs }: Drawing): string {
  const label = (nanos: number): string => ` ${formatDuration(nanos, { ascii })} `
  const fitting = (text: string, beside: number): string => (cells >= 2 + text.length + beside ? text : '')
  const end = fitting(label(totalNanos), 0)
  const first = fitting(' 0 ', end.length)
  const middle = cells >= WIDE_RULER_CELLS ? label(totalNanos / 2) : ''
  const free = Math.max(0, cells - 2 - first.length - middle.length - end.length)
  const beforeMiddle = Math.min(free, Math.max(0, Math.round((cells - middle.length) / 2) - 1 - first.length))
  const rule = (length: number): string => glyphs.rule.repeat(length)
  return `${glyphs.ruleStart}${first}${rule(beforeMiddle)}${middle}${rule(free - beforeMiddle)}${end}${glyphs.ruleEnd}`
}

/** From here on there is room for a label in the middle. */
const WIDE_RULER_CELLS = 36

/** A row as it stands in the drawing: what it hangs from, and whether something hangs from it. */
interface PlacedRow {
  readonly row: SpanRow
  readonly guides: Guides
  readonly hasChildren: boolean
}

function spanLine({ row, guides }: PlacedRow, columns: Columns, scale: TimeScale, drawing: Drawing): string {
  const { span } = row
  const { paint, glyphs, clean, ascii } = drawing
  const cell = (text: string, width: number, align?: 'right'): string => fit(text, width, align, glyphs.ellipsis)
  return [
    paint(glyphs.lane + cell(drawing.nameOf(span.deviceId), columns.device), drawing.styleOf(span.deviceId)),
    paint(glyphs.badges[span.provenance], ...BADGE_STYLES[span.provenance]),
    paint(cell(clean(span.module), columns.module), 'dim'),
    nameCell(row, guides, columns.name, drawing),
    cell(formatDuration(Number(span.durationNano), { ascii }), columns.duration, 'right'),
    span.critical ? paint(glyphs.critical, 'yellow') : ' ',
    ...shareCell(formatDuration(shareOf(span, drawing), { ascii }), columns).map((text) => paint(text, 'dim')),
    barCell(row, columns.timeline, scale, drawing),
  ].join(' ')
}

/** None where there is no room for it. */
function shareCell(text: string, { share }: Columns): readonly string[] {
  return share === 0 ? [] : [fit(text, share, 'right')]
}

/** Under the row: what went wrong, in the program's own words, links from trace to trace, and the attributes if they were asked for. */
function linesBelow({ row, guides, hasChildren }: PlacedRow, columns: Columns, drawing: Drawing): readonly string[] {
  const { span } = row
  const { paint, glyphs, clean, width } = drawing
  const message = clean(span.statusMessage)
  const mark = drawing.markOf(span.spanId)
  const texts: readonly (readonly [string, Style])[] = [
    ...(drawing.ids ? [[span.spanId, 'dim'] as const] : []),
    ...(mark === undefined ? [] : [[`${mark} in the investigation`, mark === 'pinned' ? 'yellow' : 'dim'] as const]),
    ...(span.status === 'error' && message !== '' ? [[message, 'red'] as const] : []),
    ...linkTexts(span, drawing).map((text) => [text, 'dim'] as const),
    ...attributeTexts(span, clean).map((text) => [text, 'dim'] as const),
  ]
  const tree = guidesBelow(row, guides, hasChildren, glyphs)
  const before = columns.device + columns.module + LANE_TO_NAME_CELLS
  const lead = paint(glyphs.lane, drawing.styleOf(span.deviceId)) + ' '.repeat(before - 1) + paint(tree, 'dim')
  const room = width - before - displayWidth(tree)
  return texts.map(([text, style]) => lead + paint(truncate(text, room, glyphs.ellipsis), style))
}

/** Attributes drawn under one span: a person looks at a few, `--json` has them all. */
const MAX_ATTRIBUTES = 32

function attributeTexts({ attributes = {} }: TraceSpan, clean: Drawing['clean']): readonly string[] {
  const entries = Object.entries(attributes)
  const hidden = entries.length - MAX_ATTRIBUTES
  const texts = entries.slice(0, MAX_ATTRIBUTES).map(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return `${clean(key)}: ${clean(text)}`
  })
  return hidden > 0 ? [...texts, `${plural(hidden, 'more attribute')}; --json prints them all`] : texts
}

/** Lane, badge and the spaces before the name column. */
const LANE_TO_NAME_CELLS = 5

function barCell({ span, parent }: SpanRow, cells: number, scale: TimeScale, drawing: Drawing): string {
  const { paint, glyphs } = drawing
  const place = scale.place(span)
  if (place === undefined) return paint(truncate('no start time', cells, glyphs.ellipsis), 'dim')
  const isCrossing = parent !== undefined && parent.deviceId !== span.deviceId
  const transitFrom = isCrossing ? wayFrom(parent, place.start, scale) : undefined
  const { indent, transit, bar } = timeBar({ ...place, transitFrom }, cells, glyphs)
  return ' '.repeat(indent) + paint(transit, 'dim') + paint(bar, drawing.styleOf(span.deviceId))
}

/** When a message set out: at the end of a parent that was over by then (a publish), else at its start (a call). */
function wayFrom(parent: TraceSpan, start: number, scale: TimeScale): number | undefined {
  const sender = scale.place(parent)
  if (sender === undefined) return undefined
  return sender.end <= start ? sender.end : sender.start
}

function missingParentLine(parentSpanId: string, columns: Columns, { paint, glyphs }: Drawing): string {
  const before = ' '.repeat(columns.device + columns.module + LANE_TO_NAME_CELLS - 1)
  return paint(`${glyphs.ghost}${before}parent span ${parentSpanId} is not here`, 'dim')
}
