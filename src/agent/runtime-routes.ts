/** How the agent fares: what holds up its threads, what waits for the disk, what memory it takes. Measured when asked for. */
import { watchThread, type ThreadWatch } from '../platform/watch-thread.ts'
import type { Route } from './http-server.ts'
import type { RuntimeThreadView, RuntimeView } from './http-types/device.ts'
import type { IntakeGate } from './intake-gate.ts'
import type { KeeperClient } from './keeper-client.ts'
import { bad } from './read-fields.ts'

/** Longest time to watch for one request, in milliseconds: a minute tells what there is to tell. */
export const MAX_WATCH_MS = 60_000
/** Without a time asked for. */
export const DEFAULT_WATCH_MS = 1_000

export interface RuntimeRouteDeps {
  readonly keeper: Pick<KeeperClient, 'call'>
  readonly gate: Pick<IntakeGate, 'waitingBytes'>
}

export function runtimeRoutes({ keeper, gate }: RuntimeRouteDeps): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/runtime',
      capability: 'cli',
      handle: async ({ query, signal }) => {
        const watchMs = watchMsOf(query)
        const [main, store] = await Promise.all([watchThread(watchMs, signal), keeper.call('watchThread', watchMs)])
        return {
          json: {
            watchedMs: watchMs,
            rssBytes: main.rssBytes,
            waitingBytes: gate.waitingBytes,
            intake: { requests: store.requests, commits: store.commits },
            main: toView(main),
            store: toView(store),
          } satisfies RuntimeView,
        }
      },
    },
  ]
}

function watchMsOf(query: URLSearchParams): number {
  const text = query.get('watchMs') ?? String(DEFAULT_WATCH_MS)
  const watchMs = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0
  if (watchMs < 1 || watchMs > MAX_WATCH_MS) throw bad('watchMs', `is a number from 1 to ${MAX_WATCH_MS}`)
  return watchMs
}

function toView({ delayP50Ms, delayP99Ms, delayMaxMs, heapUsedBytes, buffersBytes }: ThreadWatch): RuntimeThreadView {
  return { delayP50Ms, delayP99Ms, delayMaxMs, heapUsedBytes, buffersBytes }
}
