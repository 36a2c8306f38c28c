/** Routes of the store itself: what it keeps, for how long, what it must not drop. Rules: docs/spec/retention.md. */
import { AGE_DAYS, LANE_BYTES, type LaneLimits } from '../policy/retention.ts'
import { jsonBody, type HttpAnswer, type HttpRequest, type Route } from './http-server.ts'
import type { HoldView, ReindexView, RetentionView, StoreStatsView } from './http-types/device.ts'
import type { ReindexState } from './keeper/reindex.ts'
import type { HoldRequest } from './keeper/store-calls.ts'
import type { KeeperClient } from './keeper-client.ts'
import { bad, numberField, numberParam, optionalText, storedLaneField, textField, timeField } from './read-fields.ts'

/** Longest reason of a hold: a sentence. */
const MAX_REASON_BYTES = 400
/** Longest name of a device, a module or a trace. */
const MAX_NAME_BYTES = 256

type Fields = Readonly<Record<string, unknown>>

export function storeRoutes({ keeper }: { readonly keeper: Pick<KeeperClient, 'call'> }): readonly Route[] {
  const route = (method: Route['method'], path: string, handle: (request: HttpRequest) => Promise<HttpAnswer>): Route =>
    ({ method, path, capability: 'cli', handle }) as const
  return [
    route('GET', '/v1/store', async () => ({
      json: (await keeper.call('storeStats')) satisfies StoreStatsView,
    })),
    route('GET', '/v1/store/retention', async () => ({
      json: (await keeper.call('retentionLimits')) satisfies RetentionView,
    })),
    route('POST', '/v1/store/retention', async (request) => {
      const fields = jsonBody(request)
      return { json: await keeper.call('setRetention', storedLaneField(fields, 'lane'), limitsOf(fields)) }
    }),
    route('GET', '/v1/store/reindex', async () => ({ json: reindexView(await keeper.call('reindexState')) })),
    route('POST', '/v1/store/reindex', async () => ({ json: reindexView(await keeper.call('startReindex')) })),
    route('GET', '/v1/store/holds', async () => ({
      json: { holds: (await keeper.call('holds')) satisfies readonly HoldView[] },
    })),
    route('POST', '/v1/store/holds', async (request) => ({
      json: (await keeper.call('placeHold', holdOf(jsonBody(request)))) satisfies HoldView,
    })),
    route('DELETE', '/v1/store/holds/:hold', async ({ params }) => ({
      json: (await keeper.call('liftHold', numberParam(params, 'hold'))) satisfies HoldView,
    })),
  ]
}

function reindexView({ failure, ...state }: ReindexState): ReindexView {
  return { ...state, failure: failure ?? null }
}

function limitsOf(fields: Fields): Partial<LaneLimits> {
  const maxAgeDays = numberField(fields, 'maxAgeDays', AGE_DAYS)
  const maxBytes = numberField(fields, 'maxBytes', LANE_BYTES)
  if (maxAgeDays === undefined && maxBytes === undefined) throw bad('maxAgeDays', 'or maxBytes is what changes')
  return { ...(maxAgeDays === undefined ? {} : { maxAgeDays }), ...(maxBytes === undefined ? {} : { maxBytes }) }
}

function holdOf(fields: Fields): HoldRequest {
  const reason = textField(fields, 'reason', MAX_REASON_BYTES)
  if (reason.trim() === '') throw bad('reason', 'says why')
  const trace = optionalText(fields, 'trace', MAX_NAME_BYTES)
  if (trace !== undefined) return { reason, trace }
  const [fromUnixMs, toUnixMs] = [timeField(fields, 'fromUnixMs'), timeField(fields, 'toUnixMs')]
  if (fromUnixMs === undefined || toUnixMs === undefined) throw bad('trace', 'or fromUnixMs and toUnixMs are given')
  if (fromUnixMs > toUnixMs) throw bad('fromUnixMs', 'is not after toUnixMs')
  const device = optionalText(fields, 'device', MAX_NAME_BYTES)
  return { reason, fromUnixMs, toUnixMs, device, module: optionalText(fields, 'module', MAX_NAME_BYTES) }
}
