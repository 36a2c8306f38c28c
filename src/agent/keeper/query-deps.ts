/** What queries need of the keeper: leave of the stage, and what may be said of other devices. */
import { clockAt } from '../../model/clock-history.ts'
import { grantState } from '../../policy/grant-state.ts'
import { decideMetricView, decideView, type View } from '../../policy/stage-gate.ts'
import type { MetricSource } from '../../query/metrics/metric-source.ts'
import { onlyShown } from '../../query/metrics/only-shown.ts'
import type { MeshKnowledge } from '../../query/trace-source.ts'
import type { Keeper } from './keeper.ts'
import { requireGate } from './stage-error.ts'

/** @throws {StageError} where this device's stage does not show that */
export function requireView(keeper: Keeper, view: View): void {
  requireGate(decideView(keeper.stage, view), keeper.stage)
}

/** Those of the device and of processes where the stage shows no others. @throws {StageError} where it shows none */
export function shownMetrics(keeper: Keeper): MetricSource {
  if (decideView(keeper.stage, 'metrics').allow) return keeper.metrics
  requireView(keeper, 'host-metrics')
  return onlyShown(keeper.metrics, (module, name) => decideMetricView(keeper.stage, { module, name }).allow)
}

/** What every query is given. */
export function queryDeps(keeper: Keeper) {
  return { source: keeper.records, knowledge: knowledgeOf(keeper), sha256: keeper.deps.crypto.sha256 }
}

/** What queries may say of others: who is connected, who lets us see traces now, and how far their records are here. */
export function knowledgeOf(keeper: Keeper): MeshKnowledge {
  const self = keeper.card.deviceId
  const nowUnixMs = keeper.deps.clock.now()
  const granting = new Set(
    keeper.consents
      .records()
      .filter((record) => grantState(record, keeper.shareViews.of(record.grant.owner)) === 'active')
      .flatMap(({ grant }) => (grant.may === 'see' && grant.lanes.includes('traces') ? [grant.owner] : [])),
  )
  const members = [...keeper.members.current().members.values()].map(({ card }) => {
    const { pending, syncedUnixMs, clockHistory } = keeper.peers.get(card.deviceId)
    return {
      deviceId: card.deviceId,
      name: card.name,
      connected: keeper.shareViews.connected.has(card.deviceId),
      grantsTraces: granting.has(card.deviceId),
      pendingSegments: pending,
      syncedThroughUnixMs: syncedUnixMs,
      clock: clockAt(clockHistory, nowUnixMs) ?? null,
      clockHistory,
    }
  })
  return { self, members }
}
