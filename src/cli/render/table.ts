/** Aligned columns for a terminal. Cells are text from outside: they are made safe and cut here, then styled. */
import type { Paint, Style } from './colour.ts'
import { displayWidth, fit } from './display-width.ts'
import { asciiText, safeText } from './safe-text.ts'

export type Cell = string | { readonly text: string; readonly styles: readonly Style[] }

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Narrowest the column may be made, in cells, when the table does not fit. Default: never narrowed. */
  readonly minWidth?: number
  /** Columns with one are left out, lowest first, while the table is too wide even when narrowed. */
  readonly dropOrder?: number
}

export interface TableOptions {
  /** Cells the terminal has. */
  readonly width: number
  readonly paint: Paint
  readonly ascii?: boolean
}

const GAP = '  '

/**
 * The table with its header line; `rows` hold one cell for each column. What was left out is said in a last line. No
 * trailing spaces, ends in a line break.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions,
): string {
  const clean = options.ascii ? asciiText : safeText
  const all = columns.map((column, i): ReadyColumn => {
    const cells = [headOf(column), ...rows.map((row) => readCell(row[i] ?? '', clean))]
    return { ...column, cells, width: Math.max(...cells.map(({ text }) => displayWidth(text))) }
  })
  const kept = narrowed(columnsThatFit(all, options.width), options.width)
  const lines = Array.from({ length: rows.length + 1 }, (_, i) => renderRow(i, kept, options))
  const missing = all.filter(({ title }) => !kept.some((column) => column.title === title))
  if (missing.length > 0) lines.push(options.paint(leftOut(missing), 'dim'))
  return lines.map((line) => `${line}\n`).join('')
}

interface ReadyCell {
  readonly text: string
  readonly styles: readonly Style[]
}
interface ReadyColumn extends Column {
  /** The first is the head. */
  readonly cells: readonly ReadyCell[]
  readonly width: number
}

function headOf({ title }: Column): ReadyCell {
  return { text: title, styles: ['dim'] }
}

function readCell(cell: Cell, clean: (text: string) => string): ReadyCell {
  return typeof cell === 'string' ? { text: clean(cell), styles: [] } : { text: clean(cell.text), styles: cell.styles }
}

function leftOut(columns: readonly Column[]): string {
  return `Left out for want of room: ${columns.map(({ title }) => title).join(', ')}.`
}

function columnsThatFit(columns: readonly ReadyColumn[], width: number): readonly ReadyColumn[] {
  const leastWidths = columns.map((column) => Math.min(column.width, column.minWidth ?? Infinity))
  if (lineWidth(leastWidths) <= width) return columns
  const [first] = columns
    .filter(({ dropOrder }) => dropOrder !== undefined)
    .sort((a, b) => (a.dropOrder ?? 0) - (b.dropOrder ?? 0))
  return first === undefined
    ? columns
    : columnsThatFit(
        columns.filter((column) => column !== first),
        width,
      )
}

/** Cells are taken from the column that can spare most, until the table fits. */
function narrowed(columns: readonly ReadyColumn[], width: number): readonly ReadyColumn[] {
  const widths = columns.map((column) => column.width)
  const slackOf = (i: number): number => (widths[i] ?? 0) - (columns[i]?.minWidth ?? Infinity)
  for (let over = lineWidth(widths) - width; over > 0; over--) {
    const loosest = widths.reduce((best, _, i) => (slackOf(i) > slackOf(best) ? i : best), 0)
    if (slackOf(loosest) <= 0) break
    widths[loosest] = (widths[loosest] ?? 0) - 1
  }
  return columns.map((column, i) => ({ ...column, width: widths[i] ?? column.width }))
}

function lineWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1))
}

function renderRow(row: number, columns: readonly ReadyColumn[], { paint, ascii }: TableOptions): string {
  const texts = columns.map(({ cells, width, align }, i) => {
    const { text, styles } = cells[row] ?? { text: '', styles: [] }
    const fitted = fit(text, width, align, ascii ? '~' : '…')
    return paint(i === columns.length - 1 ? fitted.trimEnd() : fitted, ...styles)
  })
  return texts.join(GAP).trimEnd()
}
