/** The tree column of a waterfall: guides to the parent, then the span's name. */
import type { TraceSpan } from '../../agent/http-types/traces.ts'
import type { Style } from './colour.ts'
import { displayWidth, truncate } from './display-width.ts'
import type { Drawing } from './drawing.ts'
import type { Glyphs } from './glyphs.ts'
import type { Guides, SpanRow } from './tree-rows.ts'

export function nameCell(row: SpanRow, guides: Guides, width: number, drawing: Drawing): string {
  const { span } = row
  const { paint, glyphs, clean } = drawing
  const tree = forkText(row, guides, glyphs)
  const mark = markOf(span, glyphs)
  const room = Math.max(0, width - displayWidth(tree) - mark.length)
  const name = truncate(clean(span.name) || '(no name)', room, glyphs.ellipsis)
  const spaces = ' '.repeat(Math.max(0, room - displayWidth(name)))
  const styles: readonly Style[] = span.status === 'error' ? ['red', 'bold'] : []
  return paint(tree, 'dim') + paint(mark + name, ...styles) + spaces
}

/** Stands before the name: the span failed, or a circle of parents was cut here. */
export function markOf(span: TraceSpan, glyphs: Glyphs): string {
  return (span.status === 'error' ? '! ' : '') + (span.loop ? `${glyphs.loop} ` : '')
}

/** The guides that go on below a row, for a line of text between it and the next. */
export function guidesBelow(row: SpanRow, guides: Guides, hasChildren: boolean, glyphs: Glyphs): string {
  const levels = row.depth === 0 ? [] : outerGuides(row, guides, guides.goesOn, glyphs)
  return levels.join('') + (hasChildren ? glyphs.through : '  ')
}

function forkText(row: SpanRow, guides: Guides, glyphs: Glyphs): string {
  if (row.depth === 0) return ''
  const outer = outerGuides(row, guides, guides.goesOn.slice(0, -1), glyphs)
  const fork = guides.goesOn.at(-1) ? glyphs.fork : glyphs.last
  return `${outer.join('')}${fork.slice(0, 1)}${jointOf(row, glyphs) ?? fork.slice(1)} `
}

/** The first guide says so if there are more levels than can be shown. */
function outerGuides(row: SpanRow, guides: Guides, goesOn: readonly boolean[], glyphs: Glyphs): readonly string[] {
  const isCut = row.depth > guides.goesOn.length
  return goesOn.map((on, i) => {
    if (isCut && i === 0) return `${glyphs.deeper} `
    return on ? glyphs.through : '  '
  })
}

/** Marks a step from one device to another. */
function jointOf({ span, parent }: SpanRow, glyphs: Glyphs): string | undefined {
  if (parent === undefined || parent.deviceId === span.deviceId) return undefined
  return span.orderUncertain ? glyphs.uncertain : glyphs.crossing
}
