/** Durations in few characters (at most eight cells): three digits and the unit that fits. */

const UNITS = [
  { name: 'ns', nanos: 1 },
  { name: 'µs', nanos: 1e3 },
  { name: 'ms', nanos: 1e6 },
  { name: 's', nanos: 1e9 },
] as const
const SECOND_NANOS = 1e9
const MINUTE_NANOS = 60e9
const HOUR_NANOS = 3600e9
const DAY_NANOS = 86_400e9

export interface DurationOptions {
  /** Write `us` for microseconds. Default false. */
  readonly ascii?: boolean
}

/** `nanos` at least 0. */
export function formatDuration(nanos: number, options: DurationOptions = {}): string {
  // Each unit starts where the one before would round up to it: 999.6 µs is 1 ms, and 59.96 s a minute.
  if (nanos >= DAY_NANOS - MINUTE_NANOS / 2) return `${threeDigits(nanos / DAY_NANOS)} d`
  if (nanos >= HOUR_NANOS - SECOND_NANOS / 2) return twoUnits(nanos, HOUR_NANOS, 'h', MINUTE_NANOS, 'm')
  if (nanos >= MINUTE_NANOS - SECOND_NANOS / 20) return twoUnits(nanos, MINUTE_NANOS, 'm', SECOND_NANOS, 's')
  const unit = UNITS.findLast((candidate) => nanos >= candidate.nanos * THREE_NINES) ?? UNITS[0]
  const name = options.ascii && unit.name === 'µs' ? 'us' : unit.name
  return `${threeDigits(nanos / unit.nanos)} ${name}`
}

export function formatDurationMs(milliseconds: number, options: DurationOptions = {}): string {
  return formatDuration(milliseconds * 1e6, options)
}

/** From here on, three digits round up to four. */
const THREE_NINES = 0.9995

/** Three significant digits without trailing zeros behind the point: 1.23, 12.3, 412, 4.5; of less than one three places. */
function threeDigits(value: number): string {
  if (value >= 99.95) return Math.round(value).toString()
  return Number(value < 1 ? value.toFixed(3) : value.toPrecision(3)).toString()
}

function twoUnits(nanos: number, large: number, largeName: string, small: number, smallName: string): string {
  const smalls = Math.round(nanos / small)
  const perLarge = large / small
  return `${Math.floor(smalls / perLarge)}${largeName} ${(smalls % perLarge).toString().padStart(2, '0')}${smallName}`
}
