/** Health as JSON, and as text for programs that only want to know whether: `/livez` and `/readyz`. */
import { utf8 } from '../base/bytes.ts'
import type { HealthService } from './health/health-service.ts'
import type { HttpAnswer, Route } from './http-server.ts'
import type { HealthCheckView, HealthView } from './http-types/health.ts'

export interface HealthRouteDeps {
  readonly health: Pick<HealthService, 'look'>
}

export type Probe = 'livez' | 'readyz'

export function healthRoutes({ health }: HealthRouteDeps): readonly Route[] {
  const probe = (name: Probe): Route => ({
    method: 'GET',
    path: `/${name}`,
    capability: 'cli',
    handle: async ({ query }) => probeAnswer(name, await health.look(), query.has('verbose')),
  })
  return [
    { method: 'GET', path: '/v1/health', capability: 'cli', handle: async () => ({ json: await health.look() }) },
    probe('livez'),
    probe('readyz'),
  ]
}

/** `ok`, or what fails; all checks if it is to be verbose. */
function probeAnswer(probe: Probe, { live, ready, checks }: HealthView, isVerbose: boolean): HttpAnswer {
  const isGood = probe === 'livez' ? live : ready
  const meant = checks.filter(({ kind }) => probe === 'readyz' || kind === 'liveness')
  const told = isVerbose ? meant : meant.filter(({ status }) => status === 'fail')
  const lines = [...told.map(lineOf), ...(isGood ? ['ok'] : isVerbose ? ['failed'] : [])]
  return {
    status: isGood ? 200 : 503,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    body: utf8(`${lines.join('\n')}\n`),
  }
}

function lineOf({ source, name, status, reason }: HealthCheckView): string {
  return `[${MARKS[status]}] ${source}/${name}${reason === null ? '' : `: ${reason}`}`
}
const MARKS = { pass: '+', warn: '!', fail: '-' } as const
