/** Health as JSON, and as text for programs that only want to know whether: `/livez` and `/readyz`. */
import { utf8 } from '../base/bytes.ts'
import type { Probe } from '../wire/devtools-link.ts'
import type { HealthService } from './health/health-service.ts'
import type { Route } from './http-server.ts'
import type { HealthCheckView, HealthView } from './http-types/health.ts'

const TEXT = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }

export interface HealthRouteDeps {
  readonly health: Pick<HealthService, 'look'>
}

export function healthRoutes({ health }: HealthRouteDeps): readonly Route[] {
  const probe = (name: Probe): Route => ({
    method: 'GET',
    path: `/${name}`,
    capability: 'cli',
    handle: async ({ query }) => {
      const { status, text } = probeText(name, await health.look(), query.has('verbose'))
      return { status, headers: TEXT, body: utf8(text) }
    },
  })
  return [
    { method: 'GET', path: '/v1/health', capability: 'cli', handle: async () => ({ json: await health.look() }) },
    probe('livez'),
    probe('readyz'),
  ]
}

/** `ok`, or what fails; all checks if it is to be verbose. */
export function probeText(
  probe: Probe,
  { live, ready, checks }: HealthView,
  isVerbose: boolean,
): { readonly status: number; readonly text: string } {
  const isGood = probe === 'livez' ? live : ready
  const meant = checks.filter(({ kind }) => probe === 'readyz' || kind === 'liveness')
  const told = isVerbose ? meant : meant.filter(({ status }) => status === 'fail')
  const lines = [...told.map(lineOf), ...(isGood ? ['ok'] : isVerbose ? ['failed'] : [])]
  return { status: isGood ? 200 : 503, text: `${lines.join('\n')}\n` }
}

function lineOf({ source, name, status, reason }: HealthCheckView): string {
  return `[${MARKS[status]}] ${source}/${name}${reason === null ? '' : `: ${reason}`}`
}
const MARKS = { pass: '+', warn: '!', fail: '-' } as const
