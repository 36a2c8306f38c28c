/** The start of ids, long enough to tell those of one list apart: commands take the start of an id. */

/** Enough that two ids of a person's lifetime hardly ever share them: 48 bits. */
const DIGITS = 12
/** Of groups of errors, of which there are some thousands at most. */
const GROUP_DIGITS = 8

/** Ids of systems that have 64 bits for them, such as Jaeger and B3, come with zeros before. */
const PADDING = '0'.repeat(16)

/** The first digits, or the whole ids where two of the list begin alike. */
export function shortIds(ids: readonly string[], digits = DIGITS): readonly string[] {
  const short = ids.map((id) => id.slice(0, digits))
  return new Set(short).size === new Set(ids).size ? short : ids
}

/** The same for traces: of a shorter id that was filled up with zeros, what comes behind these. */
export function shortTraceIds(ids: readonly string[]): readonly string[] {
  return shortIds(ids.map(withoutPadding))
}

/** Of one trace, where there is no room for more. */
export function shortTraceId(id: string): string {
  return withoutPadding(id).slice(0, DIGITS)
}

export function shortGroupId(fingerprint: string): string {
  return fingerprint.slice(0, GROUP_DIGITS)
}

function withoutPadding(id: string): string {
  return id.startsWith(PADDING) ? id.slice(PADDING.length) : id
}
