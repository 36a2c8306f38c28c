/** Every route of the agent's HTTP: what it takes, whom it asks, what it answers. Shapes: http-types/, docs/spec/http.md. */
import { startOfUtcDay } from '../base/clock.ts'
import { MeshError } from '../base/errors.ts'
import { toHex } from '../base/bytes.ts'
import { MAX_GRANT_MODULES, MAX_PURPOSE_BYTES, MAYS, type May } from '../model/grant.ts'
import { toGrantId, toTraceId, type DeviceId, type GrantId } from '../model/ids.ts'
import { MAX_MODULE_NAME_BYTES } from '../model/lane.ts'
import { planStageChange, type KeptFate } from '../policy/stage-change.ts'
import type { Bus } from '../bus/bus.ts'
import { toAlarmView } from './alarm-view.ts'
import { carryRoutes } from './carry-routes.ts'
import type { AgentState } from './agent-state.ts'
import { errorRoutes } from './error-routes.ts'
import { findDevice } from './find-device.ts'
import { healthRoutes } from './health-routes.ts'
import type { HealthService } from './health/health-service.ts'
import { jsonBody, type Route } from './http-server.ts'
import type { AuditVerdictView, AuditView, ConsentEventView, GrantView } from './http-types/device.ts'
import type { IntakeGate } from './intake-gate.ts'
import type { KeeperClient } from './keeper-client.ts'
import type { MeshHost } from './mesh-host.ts'
import { investigationRoutes } from './investigation-routes.ts'
import { metricRoutes } from './metric-routes.ts'
import type { ModuleRegistry } from './module-registry.ts'
import { moduleRoutes } from './module-routes.ts'
import { bad, lanesField, optionalText, stageField, textField, textList, timeField } from './read-fields.ts'
import { notificationRoutes } from './notification-routes.ts'
import type { Notifier } from './notifier.ts'
import { pairRoutes } from './pair-routes.ts'
import { pluginRoutes } from './plugin-routes.ts'
import type { PluginDesk } from './plugins/plugin-desk.ts'
import type { PluginRefusals } from './plugins/plugin-refusals.ts'
import { quotaRoutes } from './quota-routes.ts'
import { runtimeRoutes } from './runtime-routes.ts'
import { tailRoutes } from './tail-routes.ts'
import { searchLimit, searchRoutes, timeoutOf } from './search-routes.ts'
import type { StageSwitch } from './stage-switch.ts'
import { storeRoutes } from './store-routes.ts'
import { syncLimitRoutes } from './sync-limit-routes.ts'
import { transferRoutes } from './transfer-routes.ts'

export interface RouteDeps {
  readonly keeper: KeeperClient
  readonly state: AgentState
  readonly mesh: MeshHost
  readonly registry: ModuleRegistry
  readonly plugins: PluginDesk
  readonly refusals: PluginRefusals
  readonly bus: Bus
  readonly stages: StageSwitch
  readonly gate: IntakeGate
  readonly health: HealthService
  readonly notifier: Notifier
  readonly isOnline: boolean
  readonly stop: () => void
}

export type RouteErrorCode = 'TRACE_NOT_FOUND' | 'GRANT_UNKNOWN' | 'GRANT_AMBIGUOUS'
export class RouteError extends MeshError<RouteErrorCode> {}

const MAX_NAME_BYTES = 128
/** What a grant is for when its owner does not say. */
const DEFAULT_PURPOSE = 'to see what happened across my devices'
const MAX_PAGE = 500

export function agentRoutes(deps: RouteDeps): readonly Route[] {
  return [
    ...deviceRoutes(deps),
    ...moduleRoutes(deps),
    ...pairRoutes(deps),
    ...consentRoutes(deps),
    ...queryRoutes(deps),
    ...metricRoutes(deps),
    ...searchRoutes(deps),
    ...errorRoutes(deps),
    ...investigationRoutes(deps),
    ...tailRoutes(deps),
    ...auditRoutes(deps),
    ...runtimeRoutes(deps),
    ...healthRoutes(deps),
    ...transferRoutes(deps),
    ...storeRoutes(deps),
    ...syncLimitRoutes(deps.mesh),
    ...quotaRoutes(deps),
    ...carryRoutes(deps),
    ...notificationRoutes(deps),
    ...pluginRoutes(deps),
  ]
}

function deviceRoutes({ state, stages, keeper, stop }: RouteDeps): readonly Route[] {
  return [
    route('GET', '/v1/status', async () => ({ json: await state.status() })),
    route('POST', '/v1/stop', () => {
      setImmediate(stop) // after the answer has left
      return { json: {} }
    }),
    route('GET', '/v1/stage/:stage', ({ params }) => {
      const to = stageField({ stage: params['stage'] }, 'stage')
      const { from, opens, closes, kept } = planStageChange(keeper.view().stage, to)
      return { json: { from, to, opens, closes, kept } }
    }),
    route('POST', '/v1/stage', async (request) => {
      const fields = jsonBody(request)
      const { from, to, opens, closes, kept } = await stages.change(stageField(fields, 'stage'), fateField(fields))
      const deleted = (await keeper.call('dropAbove')) ?? null
      return { json: { from, to, opens, closes, kept, otlp: state.otlp(), deleted } }
    }),
    route('GET', '/v1/devices', async () => ({ json: await state.devices() })),
    route('GET', '/v1/devices/history', async ({ query }) => ({
      json: { events: await state.deviceHistory(Math.min(limitOf(query) ?? MAX_PAGE, MAX_PAGE)) },
    })),
    route('DELETE', '/v1/devices/:device', async ({ params }) => {
      const deviceId = findMember(keeper, params['device'] as string)
      await keeper.call('removeMember', deviceId)
      return { json: { deviceId } }
    }),
    route('GET', '/v1/peers', async () => ({ json: await state.peers() })),
    route('GET', '/v1/peers/:device', async ({ params }) => ({ json: await state.peer(params['device'] as string) })),
  ]
}

function consentRoutes({ keeper }: RouteDeps): readonly Route[] {
  return [
    route('GET', '/v1/consent', async () => ({
      json: { grants: (await keeper.call('grants')).toSorted(byAge).map(toGrantView) },
    })),
    route('GET', '/v1/consent/history', async () => {
      const ops = await keeper.call('consentHistory')
      const mays = new Map(ops.flatMap((op) => (op.kind === 'grant' ? [[op.grantId, op.may]] : [])))
      const history = ops.map(({ grantId, kind, owner, recipient, atUnixMs }): ConsentEventView => ({
        grantId,
        kind,
        may: mays.get(grantId) ?? 'see',
        from: owner,
        to: recipient,
        at: new Date(atUnixMs).toISOString(),
      }))
      return { json: { history } }
    }),
    route('POST', '/v1/consent', async (request) => {
      const fields = jsonBody(request)
      return {
        json: await keeper.call('grant', {
          recipient: findMember(keeper, textField(fields, 'to', MAX_NAME_BYTES)),
          may: mayField(fields),
          lanes: lanesField(fields, 'lanes'),
          modules: textList(fields, 'modules', MAX_GRANT_MODULES, MAX_MODULE_NAME_BYTES),
          sinceUnixMs: timeField(fields, 'sinceUnixMs') ?? startOfUtcDay(Date.now()),
          untilUnixMs: timeField(fields, 'untilUnixMs'),
          purpose: optionalText(fields, 'purpose', MAX_PURPOSE_BYTES) ?? DEFAULT_PURPOSE,
        }),
      }
    }),
    route('DELETE', '/v1/consent/:grant', async ({ params }) => {
      const grantId = await findGrant(keeper, params['grant'] as string)
      await keeper.call('revoke', grantId)
      return { json: { grantId, stillOpen: await openBeside(keeper, grantId) } }
    }),
    route('DELETE', '/v1/consent', async ({ query }) => {
      const to = query.get('to')
      if (to === null) throw bad('to', 'names the device whose grants end')
      return { json: { grantIds: await keeper.call('revokeAllTo', findMember(keeper, to)) } }
    }),
  ]
}

function queryRoutes({ keeper }: RouteDeps): readonly Route[] {
  return [
    route('GET', '/v1/traces', async ({ query, signal }) => ({
      jsonParts: await keeper.callUntil(
        signal,
        'searchTraces',
        { limit: searchLimit(limitOf(query)) },
        { timeoutMs: timeoutOf(query) },
      ),
    })),
    route('GET', '/v1/traces/:trace', async ({ params, query, signal }) => {
      const id = params['trace'] as string
      const wants = (name: string): boolean => query.get(name) === 'true'
      const options = { attributes: wants('attributes'), links: wants('links'), timeoutMs: timeoutOf(query) }
      const trace = await keeper.callUntil(signal, 'traceShow', id, options)
      if (trace === undefined) {
        throw new RouteError('TRACE_NOT_FOUND', 'no span of this trace is here', { details: { traceId: id } })
      }
      return { jsonParts: trace }
    }),
    route('GET', '/v1/logs', async ({ query, signal }) => {
      const trace = query.get('trace')
      const traceId = trace === null ? undefined : toTraceId(trace)
      if (trace !== null && traceId === undefined) throw bad('trace', 'is 32 hex digits, not all zero')
      const since = query.get('sinceUnixMs')
      const fields = {
        where: traceId === undefined ? [] : [{ field: 'trace', op: '=', value: traceId }],
        sinceUnixMs: since !== null && /^[0-9]{1,15}$/.test(since) ? Number(since) : undefined,
        limit: searchLimit(limitOf(query)),
      }
      return { jsonParts: await keeper.callUntil(signal, 'searchLogs', fields, { timeoutMs: timeoutOf(query) }) }
    }),
  ]
}

function auditRoutes({ keeper }: RouteDeps): readonly Route[] {
  return [
    route('GET', '/v1/audit', async ({ query }) => {
      const from = Number(query.get('from') ?? 0)
      const leaves = await keeper.call('auditList', Number.isSafeInteger(from) ? from : 0, limitOf(query) ?? MAX_PAGE)
      return { json: { leaves: leaves.map(toAuditView) } }
    }),
    route('POST', '/v1/audit/accept', async () => ({
      json: { accepted: (await keeper.call('acceptAlarms')).map(toAlarmView) },
    })),
    route('POST', '/v1/audit/verify', async () => ({
      json: toVerdictView(await keeper.call('auditVerify'), await keeper.call('auditList', 0, 1)),
    })),
  ]
}

function route(method: Route['method'], path: string, handle: Route['handle']): Route {
  return { method, path, capability: 'cli', handle }
}

function findMember(keeper: KeeperClient, text: string): DeviceId {
  return findDevice(
    [...keeper.view().membership.members.values()].map(({ card }) => card),
    text,
  )
}

/** What the recipient of a grant of this device may still see, now or later, under others of its grants. */
async function openBeside(keeper: KeeperClient, grantId: GrantId): Promise<readonly GrantView[]> {
  const all = await allGrants(keeper)
  const ended = all.find(({ grant }) => grant.grantId === grantId)?.grant
  return all
    .filter(({ grant }) => grant.owner === ended?.owner && grant.recipient === ended.recipient)
    .filter(({ state }) => state === 'active' || state === 'scheduled')
    .map(toGrantView)
}

async function findGrant(keeper: KeeperClient, text: string): Promise<GrantId> {
  const exact = toGrantId(text)
  const ids = (await allGrants(keeper)).map(({ grant }) => grant.grantId)
  const matches = ids.filter((id) => id === exact || (text.length >= 4 && id.startsWith(text)))
  const [match, second] = matches
  if (match === undefined) throw new RouteError('GRANT_UNKNOWN', 'no grant has this id')
  if (second !== undefined) throw new RouteError('GRANT_AMBIGUOUS', 'several grants match; use more of the id')
  return match
}

function mayField(fields: Readonly<Record<string, unknown>>): May {
  const may = MAYS.find((each) => each === (fields['may'] ?? 'see'))
  if (may === undefined) throw bad('may', `is one of ${MAYS.join(', ')}`)
  return may
}

/** Of what was kept above the new stage; what is not said to go stays. */
function fateField(fields: Readonly<Record<string, unknown>>): KeptFate {
  const fate = fields['kept'] ?? 'keep'
  if (fate !== 'keep' && fate !== 'delete') throw bad('kept', 'is keep or delete')
  return fate
}

function limitOf(query: URLSearchParams): number | undefined {
  const limit = query.get('limit')
  return limit !== null && /^[0-9]{1,6}$/.test(limit) ? Number(limit) : undefined
}

type Granted = Awaited<ReturnType<typeof allGrants>>[number]

function toGrantView({ grant, state }: Granted): GrantView {
  const time = (unixMs: number | undefined): string | null =>
    unixMs === undefined || unixMs === 0 ? null : new Date(unixMs).toISOString()
  return {
    grantId: grant.grantId,
    from: grant.owner,
    to: grant.recipient,
    may: grant.may,
    lanes: grant.lanes,
    modules: grant.modules ?? null,
    since: time(grant.sinceUnixMs),
    until: time(grant.untilUnixMs),
    purpose: grant.purpose,
    state,
  }
}

function byAge(a: Granted, b: Granted): number {
  return a.grant.atUnixMs - b.grant.atUnixMs
}

function allGrants(keeper: KeeperClient) {
  return keeper.call('grants')
}

type Leaf = Awaited<ReturnType<typeof allLeaves>>[number]

function allLeaves(keeper: KeeperClient) {
  return keeper.call('auditList', 0, MAX_PAGE)
}

function toAuditView({ seq, leaf, payload }: Leaf): AuditView {
  return {
    seq,
    at: leaf.ts,
    type: leaf.type,
    outcome: leaf.outcome,
    severity: leaf.sev,
    actor: leaf.actor,
    object: leaf.object ?? null,
    payload: payload.kind === 'open' ? payload.payload : null,
  }
}

function toVerdictView(verdict: Awaited<ReturnType<typeof verdictOf>>, [first]: readonly Leaf[]): AuditVerdictView {
  const setAside = first?.leaf.type === 'audit.set-aside' ? toAuditView(first) : null
  return verdict.ok
    ? { ok: true, size: verdict.size, root: toHex(verdict.root), code: null, seq: null, setAside }
    : { ok: false, size: null, root: null, code: verdict.code, seq: verdict.seq, setAside }
}

function verdictOf(keeper: KeeperClient) {
  return keeper.call('auditVerify')
}
