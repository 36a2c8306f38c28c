/**
 * The time that consent and epochs are judged by: the owner's clock, which never goes back.
 *
 * The caller keeps the result as the next high-water mark, in storage that survives a restart. A clock set back then
 * changes nothing: what had expired stays expired, a day that ended stays ended. A clock once set far ahead stays
 * there for these decisions until its owner resets the mark: less is shared, never more.
 */
export function ownerTime(nowUnixMs: number, highWaterUnixMs: number | undefined): number {
  const times = [nowUnixMs, highWaterUnixMs ?? 0, 0].filter((time) => Number.isFinite(time))
  return Math.max(...times)
}
