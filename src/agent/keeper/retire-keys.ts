/**
 * Destroys content keys of which no record is left: with them goes what anybody still has of the sealed bytes, unless a key
 * was handed over. Our own go once all of their epoch is gone here, handed over or not: what is not here is not served, and
 * to nobody new is it handed. Those that others handed us go once their grant has ended too: while it stands, what they
 * open may still come. The key in use never goes.
 */
import type { Steps } from '../../base/steps.ts'
import { STORED_LANES, type StoredLane } from '../../model/lane.ts'
import type { DeviceId, GrantId } from '../../model/ids.ts'
import { oldestKeptUnixMs, type RetentionLimits } from '../../policy/retention.ts'
import type { ReceivedKey } from '../../store/epoch-table.ts'
import type { StoredLog } from '../../store/log-table.ts'
import type { Store } from '../../store/store.ts'
import { epochRef } from '../../sync/epochs.ts'
import type { Ledger } from '../../sync/ledger.ts'

export interface RetireKeysDeps {
  readonly store: Store
  readonly ledger: Ledger
  readonly self: DeviceId
  /** Whether a grant to us has been revoked or is over; one that waits for word of its owner is not. */
  readonly hasEnded: (grantId: GrantId) => boolean
}

/** @returns how many keys were destroyed */
export function* retireKeys(deps: RetireKeysDeps, limits: RetentionLimits, nowMs: number): Steps<number> {
  let count = 0
  for (const lane of STORED_LANES) count += yield* retireOwn(deps, lane, oldestKeptUnixMs(limits[lane], nowMs))
  for (const owner of deps.store.epochs.owners()) count += yield* retireReceived(deps, owner)
  return count
}

function* retireOwn(deps: RetireKeysDeps, lane: StoredLane, oldestMs: number): Steps<number> {
  const { epochs, logs } = deps.store
  const own = logs.ofLane(lane).filter(({ own: isOwn }) => isOwn)
  let count = 0
  for (const { n, startedUnixMs } of epochs.all(lane).slice(0, -1)) {
    const state = stateOf(deps.store, own, n)
    // One without any record is kept for as long as it could have some.
    if (state === 'gone' || (state === 'none' && startedUnixMs <= oldestMs)) {
      record(deps, 'key', epochRef({ lane, n }), { lane, epoch: n })
      epochs.delete(lane, n)
      count++
    }
    yield
  }
  return count
}

function* retireReceived(deps: RetireKeysDeps, owner: DeviceId): Steps<number> {
  const { epochs } = deps.store
  let count = 0
  for (const lane of STORED_LANES) {
    for (const key of epochs.received(owner, lane)) {
      if (deps.hasEnded(key.grantId) && stateOf(deps.store, logsOf(deps.store, key), key.n) !== 'here') {
        if (count === 0) record(deps, 'device', owner, { reason: 'its records are gone and its grant has ended' })
        epochs.deleteReceivedKey(key)
        count++
      }
      yield
    }
  }
  return count
}

/** What a key opens. */
function logsOf({ logs }: Store, { owner, lane, module }: ReceivedKey): readonly StoredLog[] {
  return logs.ofAuthor(owner).filter((log) => log.lane === lane && (module ?? log.module) === log.module)
}

function stateOf({ kept }: Store, logs: readonly StoredLog[], epoch: number): 'here' | 'gone' | 'none' {
  const states = logs.map(({ rowId }) => kept.ofEpoch(rowId, epoch))
  return states.includes('here') ? 'here' : states.includes('gone') ? 'gone' : 'none'
}

type Payload = Readonly<Record<string, string | number>>

/** Before the key goes, like every leaf. */
function record({ ledger, self }: RetireKeysDeps, kind: 'key' | 'device', ref: string, payload: Payload): void {
  ledger.append({
    type: 'key.destroyed',
    outcome: 'success',
    actor: { kind: 'device', ref: self },
    object: { kind, ref },
    payload,
  })
}
