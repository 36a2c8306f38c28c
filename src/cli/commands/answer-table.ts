/** A table as a command's answer, in the width and colours of its output. */
import type { Output } from '../output.ts'
import { painter } from '../render/colour.ts'
import { renderTable, type Cell, type Column } from '../render/table.ts'

/** A title alone is a column that is never narrowed. */
export function table(
  output: Output,
  columns: readonly (string | Column)[],
  rows: readonly (readonly Cell[])[],
): string {
  const all = columns.map((column) => (typeof column === 'string' ? { title: column } : column))
  return renderTable(all, rows, { width: output.width, paint: painter(output.color) }).trimEnd()
}
