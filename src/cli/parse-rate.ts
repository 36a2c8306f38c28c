/** Rates as a person types them: 500kB, 2MiB, each a second; 0 for nothing at all, `none` for no limit. */

const RATE = /^(\d{1,6})(?:([kMG])(i?)B)?$/i
const POWERS: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3 }

export function refuseRate(text: string): string | undefined {
  const [, count, unit] = RATE.exec(text) ?? []
  const isRate = count !== undefined && (unit !== undefined || Number(count) === 0)
  return isRate || text === 'none' ? undefined : 'a rate such as 500kB or 2MiB (a second), 0, or none'
}

/** Of one that is not refused, in bytes a second; null is no limit. */
export function parseRate(text: string): number | null {
  if (text === 'none') return null
  const [, count, unit = '', binary] = RATE.exec(text) ?? []
  return Number(count) * (binary ? 1_024 : 1_000) ** (POWERS[unit.toLowerCase()] ?? 0)
}
