/**
 * Characters that show nothing, look like a plain space, reorder what is around them, or end a line: in a name or a
 * notice they let two different texts look the same. One table for every place that shows other people's words.
 *
 * Written out rather than asked of the engine: whether a name is good must be the same on every device, and a notice
 * the same text for ever, whatever version of Unicode either runs. A test holds it against the engine's properties.
 */

type Range = readonly [first: number, last: number]

// Unicode 17: Cc, Cf, Cs, Zl, Zp, Zs but the space, Default_Ignorable_Code_Point (variation selectors among them), and
// characters that are drawn as nothing though no property says so: U+2800, U+13441, U+13442, U+16FE4, U+1D159.
const UNSEEN: readonly Range[] = [
  [0x0, 0x1f],
  [0x7f, 0xa0],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x600, 0x605],
  [0x61c, 0x61c],
  [0x6dd, 0x6dd],
  [0x70f, 0x70f],
  [0x890, 0x891],
  [0x8e2, 0x8e2],
  [0x115f, 0x1160],
  [0x1680, 0x1680],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x2000, 0x200f],
  [0x2028, 0x202f],
  [0x205f, 0x206f],
  [0x2800, 0x2800],
  [0x3000, 0x3000],
  [0x3164, 0x3164],
  [0xd800, 0xdfff],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0x110bd, 0x110bd],
  [0x110cd, 0x110cd],
  [0x13430, 0x1343f],
  [0x13441, 0x13442],
  [0x16fe4, 0x16fe4],
  [0x1bca0, 0x1bca3],
  [0x1d159, 0x1d159],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
]
/** Symbols and emoji. Behind one of these the two below change what is seen; behind a letter they only hide. */
const PICTURES: readonly Range[] = [
  [0x2190, 0x2bff],
  [0x1f000, 0x1faff],
]
const JOINER = 0x200d
const EMOJI_FORM = 0xfe0f

/** By itself, whatever stands around it. */
export function isUnseen(point: number): boolean {
  return isIn(UNSEEN, point)
}

/** The code points of a text, each with whether a reader sees it there: the parts of an emoji may be joined. */
export function* seenPoints(text: string): Generator<{ readonly point: number; readonly isSeen: boolean }> {
  const points = Array.from(text, (character) => character.codePointAt(0) as number)
  for (const [at, point] of points.entries()) {
    yield { point, isSeen: !isUnseen(point) || belongsToEmoji(points, at) }
  }
}

export function hasUnseen(text: string): boolean {
  for (const { isSeen } of seenPoints(text)) if (!isSeen) return true
  return false
}

function belongsToEmoji(points: readonly number[], at: number): boolean {
  const isPicture = (place: number): boolean => isIn(PICTURES, points[place] ?? 0)
  if (points[at] === EMOJI_FORM) return isPicture(at - 1)
  if (points[at] !== JOINER) return false
  const before = points[at - 1] === EMOJI_FORM ? at - 2 : at - 1
  return isPicture(before) && isPicture(at + 1)
}

function isIn(ranges: readonly Range[], point: number): boolean {
  return ranges.some(([first, last]) => point >= first && point <= last)
}
