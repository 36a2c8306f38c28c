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
}

export interface TableOptions {
  /** Cells the terminal has. */
  readonly width: number
  readonly paint: Paint
  readonly ascii?: boolean
}

const GAP = '  '

/** The table with its header line; `rows` hold one cell for each column. No trailing spaces, ends in a line break. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions,
): string {
  const clean = options.ascii ? asciiText : safeText
  const cells = rows.map((row) => columns.map((_, i) => readCell(row[i] ?? '', clean)))
  const header = columns.map(({ title }) => ({ text: title, styles: ['dim'] as const }))
  const widths = columnWidths(columns, [header, ...cells], options.width)
  const lines = [header, ...cells].map((row) => renderRow(row, columns, widths, options))
  return lines.map((line) => `${line}\n`).join('')
}

interface ReadyCell {
  readonly text: string
  readonly styles: readonly Style[]
}

function readCell(cell: Cell, clean: (text: string) => string): ReadyCell {
  return typeof cell === 'string' ? { text: clean(cell), styles: [] } : { text: clean(cell.text), styles: cell.styles }
}

/** Natural widths, taken from the widest column that may shrink until the table fits. */
function columnWidths(
  columns: readonly Column[],
  rows: readonly (readonly ReadyCell[])[],
  width: number,
): readonly number[] {
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => displayWidth(row[i]?.text ?? ''))))
  const slackOf = (i: number): number => (widths[i] ?? 0) - (columns[i]?.minWidth ?? Infinity)
  let over = widths.reduce((sum, w) => sum + w, GAP.length * (columns.length - 1)) - width
  for (; over > 0; over--) {
    const loosest = widths.reduce((best, _, i) => (slackOf(i) > slackOf(best) ? i : best), 0)
    if (slackOf(loosest) <= 0) break
    widths[loosest] = (widths[loosest] ?? 0) - 1
  }
  return widths
}

function renderRow(
  row: readonly ReadyCell[],
  columns: readonly Column[],
  widths: readonly number[],
  { paint, ascii }: TableOptions,
): string {
  const isLast = (i: number): boolean => i === row.length - 1
  const texts = row.map(({ text, styles }, i) => {
    const fitted = fit(text, widths[i] ?? 0, columns[i]?.align, ascii ? '~' : '…')
    return paint(isLast(i) ? fitted.trimEnd() : fitted, ...styles)
  })
  return texts.join(GAP).trimEnd()
}
