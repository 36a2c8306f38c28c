/** The start of ids, long enough to tell those of one list apart: commands take the start of an id. */

/** Enough that two ids of a person's lifetime hardly ever share them: 48 bits. */
const DIGITS = 12

/** The first digits, or the whole ids where two of the list begin alike. */
export function shortIds(ids: readonly string[], digits = DIGITS): readonly string[] {
  const short = ids.map((id) => id.slice(0, digits))
  return new Set(short).size === new Set(ids).size ? short : ids
}
