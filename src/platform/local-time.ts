/** The clock on the person's wall. */

/** Minutes after midnight in the time zone of this device. */
export function localMinute(unixMs: number): number {
  const time = new Date(unixMs)
  return time.getHours() * 60 + time.getMinutes()
}
