/**
 * Times as people type them: `all`, `now`, an ISO 8601 date or time (UTC unless it says otherwise), or `2h`, `3d` ago;
 * for an end, from now.
 */
import { usage } from './cli-error.ts'

/** For the help of commands that take times. */
export const TIMES_HELP =
  'TIME is a date or a time (2026-11-22, 2026-11-22T18:00:00Z; UTC unless it says otherwise), now, or 90m, 2h, 3d: ago, or from now where it is an end. --since takes all as well.'

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }
const SPAN_OF_TIME = /^(\d{1,6})([mhd])$/
const ISO = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/

/** When something begins. @returns Unix milliseconds; 0 for `all`. @throws {CliError} `CLI_USAGE` */
export function parseTime(text: string, nowUnixMs: number, option: string): number {
  if (text === 'all') return 0
  return parse(text, nowUnixMs, -1) ?? refuse(`${option} takes all, now, 2h, 3d, 2026-11-22 or 2026-11-22T18:00:00Z`)
}

/** When something ends: `2h` is two hours from now. @returns Unix milliseconds. @throws {CliError} `CLI_USAGE` */
export function parseEnd(text: string, nowUnixMs: number, option: string): number {
  return parse(text, nowUnixMs, 1) ?? refuse(`${option} takes 2h, 3d, 2026-11-22 or 2026-11-22T18:00:00Z`)
}

function parse(text: string, nowUnixMs: number, direction: 1 | -1): number | undefined {
  if (text === 'now') return Math.floor(nowUnixMs)
  const [, count, unit] = SPAN_OF_TIME.exec(text) ?? []
  const parsed =
    count === undefined
      ? parseIso(text)
      : Math.floor(nowUnixMs + direction * Number(count) * (UNIT_MS[unit as string] as number))
  return parsed >= 0 ? parsed : undefined // NaN is not at or after 1970 either
}

function refuse(message: string): never {
  throw usage(message)
}

function parseIso(text: string): number {
  if (!ISO.test(text)) return Number.NaN
  const date = text.slice(0, 10)
  const midnight = Date.parse(date)
  // Date.parse takes the 30th of February for the 2nd of March.
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== date) return Number.NaN
  const isLocal = text.includes('T') && !/(?:Z|[+-]\d{2}:\d{2})$/.test(text)
  return Date.parse(isLocal ? `${text}Z` : text)
}
