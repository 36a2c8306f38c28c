/** The word somebody most likely meant: at most a third of its letters typed otherwise, or its start. */

/** Letters of a slip for each letter typed: `limt` may be `limit`, `x` is nothing. */
const SLIPS_PER_LETTER = 1 / 3

export function nearest(typed: string, words: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(typed.length * SLIPS_PER_LETTER))
  const [best] = words
    .map((word) => ({ word, slips: typed.length > 1 && word.startsWith(typed) ? 0.5 : slipsBetween(typed, word) }))
    .sort((a, b) => a.slips - b.slips)
  return best !== undefined && typed.length > 1 && best.slips <= most ? best.word : undefined
}

/** Letters to add, leave out, replace or swap with their neighbour (optimal string alignment). */
function slipsBetween(a: string, b: string): number {
  let [before, last]: [readonly number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwapped ? at(before, j - 2) + 1 : Infinity
      row.push(Math.min(replaced, swapped, at(last, j) + 1, at(row, j - 1) + 1))
    }
    ;[before, last] = [last, row]
  }
  return at(last, b.length)
}

function at(row: readonly number[], i: number): number {
  return row[i] ?? Infinity
}
