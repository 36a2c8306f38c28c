/** What a person may ask of the store itself: what it keeps, for how long, and what it must not drop. */
import type { StoredLane } from '../../model/lane.ts'
import type { LaneLimits } from '../../policy/retention.ts'
import { findTrace } from '../../query/find-trace.ts'
import type { HoldScope } from '../../store/hold-table.ts'
import { HoldError, liftHold, placeHold, type HoldsDeps } from './holds.ts'
import type { Keeper } from './keeper.ts'
import { knownDevice } from './known-device.ts'
import { storeStats } from './store-stats.ts'

/** As a person names it: a trace by its first digits, a device by its name. */
export type HoldRequest = { readonly reason: string } & (
  | { readonly trace: string }
  | {
      readonly fromUnixMs: number
      readonly toUnixMs: number
      readonly device: string | undefined
      readonly module: string | undefined
    }
)

export function storeCalls(keeper: Keeper, storeFile: string) {
  const holds = (): HoldsDeps => ({
    table: keeper.store.holds,
    ledger: keeper.ledger,
    self: keeper.card.deviceId,
    nowMs: () => keeper.deps.clock.now(),
    onChange: () => keeper.retention.holdsChanged(),
  })
  return {
    storeStats: () => keeper.turns.run(() => storeStats(keeper, storeFile)),
    retentionLimits: () => keeper.retention.limits(),
    setRetention: (lane: StoredLane, change: Partial<LaneLimits>) => keeper.retention.setLimits(lane, change),
    reindexState: () => keeper.reindex.state(),
    startReindex() {
      void keeper.reindex.run()
      return keeper.reindex.state()
    },
    holds: () => keeper.store.holds.all(),
    placeHold: (request: HoldRequest) => placeHold(holds(), scopeOf(keeper, request), request.reason),
    liftHold: (id: number) => liftHold(holds(), id),
  }
}

/** @throws {QueryError}, {FindDeviceError} */
function scopeOf(keeper: Keeper, request: HoldRequest): HoldScope {
  if ('trace' in request) {
    const traceId = findTrace(request.trace, keeper.records)
    if (traceId === undefined) throw new HoldError('TRACE_NOT_FOUND', 'no trace here begins like that')
    return { kind: 'trace', traceId }
  }
  const { fromUnixMs, toUnixMs, device, module } = request
  return {
    kind: 'range',
    fromUnixMs,
    toUnixMs,
    deviceId: device === undefined ? undefined : knownDevice(keeper, device),
    module,
  }
}
