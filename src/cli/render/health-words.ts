/** Health in plain words: each check with its reason, and since when. What fails comes first. */
import type { HealthCheckView, HealthView } from '../../agent/http-types/health.ts'
import { painter, type Style } from './colour.ts'
import { formatDurationMs } from './duration.ts'
import { plural } from './plural.ts'
import { safeText } from './safe-text.ts'
import { wrapText } from './wrap-text.ts'

export interface HealthOptions {
  readonly width: number
  readonly color: boolean
  readonly nowUnixMs: number
}

const LEAST_AGE_MS = 1_000
const WORDS = { fail: 'FAILS', warn: 'look ', pass: 'ok   ' } as const
const ORDER = ['fail', 'warn', 'pass'] as const
const STYLES: Readonly<Record<HealthCheckView['status'], readonly Style[]>> = {
  fail: ['red', 'bold'],
  warn: ['yellow'],
  pass: ['green'],
}

export function renderHealth(view: HealthView, options: HealthOptions): string {
  const checks = view.checks.toSorted((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status))
  return [headline(view), ...checks.flatMap((check) => describe(check, options))].join('\n')
}

/** One line that says it all. */
export function headline({ live, ready, checks }: HealthView): string {
  if (ready) return 'Everything that is checked works.'
  const failing = checks.filter(({ status }) => status === 'fail').length
  const remedy = live ? '' : ' Stopping the agent and starting it again may help.'
  return `${failing} of ${plural(checks.length, 'check')} ${failing === 1 ? 'fails' : 'fail'}.${remedy}`
}

/** What was looked at for the first time just now is not told to be as young as that. */
function ageWords(ms: number): string {
  return ms < LEAST_AGE_MS ? '' : `, for ${formatDurationMs(ms)}`
}

function describe(check: HealthCheckView, { width, color, nowUnixMs }: HealthOptions): readonly string[] {
  const { source, name, status, reason, sinceUnixMs } = check
  const word = WORDS[status]
  const what = source === 'agent' ? name : `${source}: ${name}`
  const why = reason === null ? '' : `: ${reason}`
  const text = safeText(`${what}${ageWords(nowUnixMs - sinceUnixMs)}${why}`)
  const lines = wrapText(text, { width, lead: `${word}  ` })
  return lines.map((line) =>
    line.startsWith(word) ? painter(color)(word, ...STYLES[status]) + line.slice(word.length) : line,
  )
}
