/** Values as a line of blocks, or a plot of several lines: each cell shows the mean of the steps that fall into it. */

const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const
/** Read as height, from low to high. */
const ASCII_LEVELS = ['_', '.', '-', '~', '=', '+', '*', '#'] as const
const EIGHTHS = 8

export interface PlotRange {
  readonly min: number
  readonly max: number
}
export interface PlotOptions {
  readonly cells: number
  readonly range: PlotRange
  readonly ascii: boolean
}

/** Values that are numbers, else undefined: where nothing was recorded, and where no axis reaches. */
export function plottable(values: readonly (number | string | null)[]): readonly (number | undefined)[] {
  return values.map((value) => (typeof value === 'number' ? value : undefined))
}

/** Undefined where there is nothing to draw. */
export function rangeOf(values: readonly (number | undefined)[]): PlotRange | undefined {
  const known = values.filter((value) => value !== undefined)
  if (known.length === 0) return undefined
  return { min: known.reduce((a, b) => Math.min(a, b)), max: known.reduce((a, b) => Math.max(a, b)) }
}

/** One line of at most `cells` cells; spaces where nothing was recorded. */
export function sparkline(values: readonly (number | undefined)[], { cells, range, ascii }: PlotOptions): string {
  const levels = ascii ? ASCII_LEVELS : LEVELS
  return inCells(values, cells)
    .map((value) => (value === undefined ? ' ' : levels[Math.round(height(value, range) * (levels.length - 1))]))
    .join('')
}

/** Lines of a plot from the top down, `rows` of them, each exactly as many cells as there are to fill. */
export function blockPlot(
  values: readonly (number | undefined)[],
  { cells, range, ascii }: PlotOptions,
  rows: number,
): readonly string[] {
  const columns = inCells(values, cells).map((value) =>
    // What was recorded is seen, however small: an eighth of a cell at least.
    value === undefined ? 0 : Math.max(1, Math.round(height(value, range) * rows * EIGHTHS)),
  )
  return Array.from({ length: rows }, (_, i) => {
    const floor = (rows - 1 - i) * EIGHTHS
    return columns.map((eighths) => blockOf(eighths - floor, ascii)).join('')
  })
}

function blockOf(eighths: number, ascii: boolean): string {
  if (eighths <= 0) return ' '
  if (ascii) return eighths >= EIGHTHS / 2 ? '#' : '.'
  return LEVELS[Math.min(eighths, EIGHTHS) - 1] as string
}

/** From 0 to 1; a range without extent lies in its middle. */
function height(value: number, { min, max }: PlotRange): number {
  return max === min ? 0.5 : (value - min) / (max - min)
}

function inCells(values: readonly (number | undefined)[], cells: number): readonly (number | undefined)[] {
  const count = Math.min(cells, values.length)
  return Array.from({ length: count }, (_, cell) => {
    const [from, to] = [Math.floor((cell * values.length) / count), Math.floor(((cell + 1) * values.length) / count)]
    const known = values.slice(from, to).filter((value) => value !== undefined)
    return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length
  })
}
