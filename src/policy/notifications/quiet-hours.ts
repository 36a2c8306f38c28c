/** Hours of the day, by the clock on the wall, in which a person is not disturbed. Pure. */

export interface QuietHours {
  /** Minutes after midnight; the first is quiet, the last is not. */
  readonly fromMinute: number
  readonly toMinute: number
}

export const MINUTES_OF_DAY = 1_440
const HOURS = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/

/** `22:00-07:00`. @returns undefined for anything else, and for a whole day or none of it: that is what muting is for */
export function readQuietHours(text: string): QuietHours | undefined {
  const parts = HOURS.exec(text)
  if (parts === null) return undefined
  const [fromHour = 0, fromMinutes = 0, toHour = 0, toMinutes = 0] = parts.slice(1).map(Number)
  const hours = { fromMinute: fromHour * 60 + fromMinutes, toMinute: toHour * 60 + toMinutes }
  return hours.fromMinute === hours.toMinute ? undefined : hours
}

export function quietHoursText({ fromMinute, toMinute }: QuietHours): string {
  return `${clockText(fromMinute)}-${clockText(toMinute)}`
}

/** @param minute after midnight, local time */
export function isQuiet({ fromMinute, toMinute }: QuietHours, minute: number): boolean {
  const isInside = minute >= fromMinute && minute < toMinute
  const isOverMidnight = fromMinute > toMinute
  return isOverMidnight ? minute >= fromMinute || minute < toMinute : isInside
}

function clockText(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':')
}
