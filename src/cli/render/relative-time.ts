/** How long ago, in words a person would use. */

const STEPS = [
  { limitMs: 45_000, unitMs: 1000, name: 's' },
  { limitMs: 45 * 60_000, unitMs: 60_000, name: 'min' },
  { limitMs: 22 * 3_600_000, unitMs: 3_600_000, name: 'h' },
  { limitMs: Infinity, unitMs: 86_400_000, name: 'd' },
] as const
/** Nearer than this is now: clocks and reading take that long. */
const NOW_MS = 2000

export function relativeTime(thenUnixMs: number, nowUnixMs: number): string {
  const apartMs = Math.abs(nowUnixMs - thenUnixMs)
  if (apartMs < NOW_MS) return 'just now'
  const step = STEPS.find(({ limitMs }) => apartMs < limitMs) ?? STEPS[3]
  const text = `${Math.max(1, Math.round(apartMs / step.unitMs))} ${step.name}`
  return thenUnixMs <= nowUnixMs ? `${text} ago` : `in ${text}`
}
