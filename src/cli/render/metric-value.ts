/** A metric's value in few characters, by its UCUM unit: times as durations, bytes by 1,024, everything else by thousands. */
import { formatDuration } from './duration.ts'

/** Seconds and their parts, as exporters write them. */
const NANOS: Readonly<Record<string, number>> = { s: 1e9, ms: 1e6, us: 1e3, ns: 1 }
const THOUSANDS = ['', ' k', ' M', ' G', ' T', ' P'] as const
const BYTES = [' B', ' KiB', ' MiB', ' GiB', ' TiB', ' PiB'] as const
/** Longest unit that is printed behind a number. */
const MAX_UNIT_CHARS = 12

export interface ValueOptions {
  readonly unit: string
  /** The metric's. A share of one, which by OpenTelemetry's names is a `utilization`, is told in percent. */
  readonly name?: string
  /** The value is of a second. */
  readonly isRate: boolean
  /** Write `us` for microseconds. Default false. */
  readonly ascii?: boolean
}

/** Words, such as `Infinity`, as they are; nothing as `-`. */
export function formatValue(
  value: number | string | null,
  { unit, name, isRate, ascii = false }: ValueOptions,
): string {
  if (value === null) return '-'
  if (typeof value === 'string') return value
  if (unit === '1' && name?.endsWith('.utilization') === true) return `${scaled(value * 100, 1000, THOUSANDS)} %`
  const nanos = NANOS[unit]
  if (nanos !== undefined && !isRate) {
    const text = formatDuration(Math.abs(value) * nanos, { ascii })
    return value < 0 && text !== '0 ns' ? `-${text}` : text
  }
  const text = unit === 'By' ? scaled(value, 1024, BYTES) : `${scaled(value, 1000, THOUSANDS)}${unitText(unit)}`
  return isRate ? `${text}/s` : text
}

function scaled(value: number, base: number, names: readonly string[]): string {
  let [size, step] = [Math.abs(value), 0]
  // What would round up to the base is the next unit's 1.
  while (size >= base * 0.9995 && step < names.length - 1) {
    size /= base
    step++
  }
  const text = size >= 100 ? size.toFixed(0) : String(Number(size.toPrecision(3)))
  return `${value < 0 ? '-' : ''}${text}${names[step] ?? ''}`
}

/** `1` is no unit; `{request}` only says what is counted. */
function unitText(unit: string): string {
  if (unit === '1' || unit === '' || unit.length > MAX_UNIT_CHARS) return ''
  if (unit === '%') return ' %'
  return unit.startsWith('{') ? '' : ` ${unit}`
}
