/** Times as people type them: `all`, `now`, an ISO 8601 date or time (UTC unless it says otherwise), or `2h`, `3d` ago. */
import { usage } from './cli-error.ts'

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }
const AGO = /^(\d{1,6})([mhd])$/
const ISO = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/

/** @returns Unix milliseconds; 0 for `all`. @throws {CliError} `CLI_USAGE` */
export function parseTime(text: string, nowUnixMs: number, option: string): number {
  if (text === 'all') return 0
  if (text === 'now') return Math.floor(nowUnixMs)
  const [, count, unit] = AGO.exec(text) ?? []
  if (count !== undefined) return Math.floor(nowUnixMs - Number(count) * (UNIT_MS[unit as string] as number))
  const isLocal = ISO.test(text) && text.includes('T') && !/(?:Z|[+-]\d{2}:\d{2})$/.test(text)
  const parsed = ISO.test(text) ? Date.parse(isLocal ? `${text}Z` : text) : Number.NaN
  if (Number.isNaN(parsed)) throw usage(`${option} takes all, now, 2h, 3d, 2026-11-22 or 2026-11-22T18:00:00Z`)
  return parsed
}
