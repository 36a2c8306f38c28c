/** Checks as a module reports them in a `health` frame (docs/spec/bus.md BU78). Hostile until read: one wrong check spoils the report. */
import { hasUnseen, seenPoints } from '../base/unseen.ts'
import {
  HEALTH_STATUSES,
  MAX_CHECK_NAME_CHARS,
  MAX_CHECK_REASON_CHARS,
  MAX_HEALTH_CHECKS,
  type HealthReport,
  type HealthStatus,
} from '../model/health.ts'

/** @returns undefined for what breaks a rule */
export function readHealthReports(value: unknown): readonly HealthReport[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_HEALTH_CHECKS) return undefined
  const reports = value.map(readReport).filter((report) => report !== undefined)
  const names = new Set(reports.map(({ name }) => name))
  return names.size === value.length ? reports : undefined
}

function readReport(value: unknown): HealthReport | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { name, status, reason } = value as Partial<Record<keyof HealthReport, unknown>>
  if (!isTextOf(name, MAX_CHECK_NAME_CHARS) || hasUnseen(name)) return undefined
  if (!HEALTH_STATUSES.includes(status as HealthStatus)) return undefined
  if (reason === undefined) return { name, status: status as HealthStatus }
  return isTextOf(reason, MAX_CHECK_REASON_CHARS)
    ? { name, status: status as HealthStatus, reason: onOneLine(reason) }
    : undefined
}

/** Errors have lines, and what else cannot be seen has no place in a sentence. */
function onOneLine(text: string): string {
  return Array.from(seenPoints(text), ({ point, isSeen }) => (isSeen ? String.fromCodePoint(point) : ' ')).join('')
}

function isTextOf(value: unknown, limit: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= limit
}
