/** What connections and writes are judged by: asked on the main thread at the moment of writing, with the latest the keeper has said. */
import type { Clock } from '../base/clock.ts'
import { mayCarry, type CarryRequest } from '../policy/decide-carry.ts'
import { decideShare, type ShareRequest } from '../policy/decide-share.ts'
import { decideExit } from '../policy/stage-gate.ts'
import type { MeshView } from '../sync/sync-store.ts'
import type { ControlView } from './keeper/keeper.ts'

export function currentMeshView(view: () => ControlView, clock: Pick<Clock, 'now'>): MeshView {
  return {
    self: () => view().self,
    mesh: () => view().mesh,
    membership: () => view().membership,
    mayLeave(request: ShareRequest | CarryRequest) {
      const { membership, grants, stage, ownerNowUnixMs, alarms } = view()
      const nowUnixMs = Math.max(ownerNowUnixMs, clock.now())
      const stageAllowsSharing = decideExit(stage, 'share').allow && alarms.length === 0
      const decided = { membership, grants, nowUnixMs, stageAllowsSharing }
      return 'carrier' in request ? mayCarry(decided, request) : decideShare(decided, request).effect === 'allow'
    },
  }
}
