/**
 * Which keys and log names a recipient still has to be handed, so that it can read what its live grants open: keys of
 * epochs it has none of, and logs it was not told of. Plans only; sealing and keeping are the consent service's.
 */
import type { Crypto } from '../base/crypto.ts'
import type { DeviceId, GrantId } from '../model/ids.ts'
import type { Lane } from '../model/lane.ts'
import { planKeyHandover, type OpenedScope } from '../policy/opened-scopes.ts'
import { encodeKeyHandover, MAX_HANDOVER_LOGS, type HandoverLog } from '../wire/key-handover.ts'
import { chunksOf } from './chunks-of.ts'
import { moduleKey } from './core/key-tree.ts'
import type { OwnEpoch } from './epochs.ts'
import type { SealItem } from './seal-entries.ts'

export interface OwnLog extends HandoverLog {
  readonly lane: Lane
}
export interface HandoverStore {
  epochs(lane: Lane): readonly OwnEpoch[]
  /** This device's logs with their first segment in an epoch; those without one are left out. */
  ownLogs(lane: Lane, epoch: number): readonly OwnLog[]
  /** Everything a recipient has been handed, each named by {@link handedKey}. */
  handedTo(recipient: DeviceId): ReadonlySet<string>
  handedKey(grantId: GrantId, lane: Lane, n: number, what: string): string
}
/** One thing handed, to be remembered with the entry that hands it. */
export interface Handed {
  readonly recipient: DeviceId
  readonly grantId: GrantId
  readonly lane: Lane
  readonly n: number
  readonly what: string
}
export interface HandoverPlan {
  readonly items: readonly SealItem[]
  readonly handed: readonly Handed[]
}
export interface HandoverDeps {
  readonly crypto: Crypto
  readonly store: HandoverStore
}

const NOTHING_TO_HAND: HandoverPlan = { items: [], handed: [] }
/** Stands for the key of a whole lane where module names stand otherwise. */
const WHOLE_LANE = '*'

/** @param next epochs about to begin, which the store does not have yet */
export function planHandover(
  deps: HandoverDeps,
  recipient: DeviceId,
  scopes: readonly OpenedScope[],
  next: readonly OwnEpoch[],
): HandoverPlan {
  const done = deps.store.handedTo(recipient)
  const plans = scopes.flatMap((scope) =>
    [...deps.store.epochs(scope.lane), ...next.filter(({ lane }) => lane === scope.lane)].map((epoch) =>
      planEpoch(deps, recipient, scope, epoch, done),
    ),
  )
  return { items: plans.flatMap(({ items }) => items), handed: plans.flatMap(({ handed }) => handed) }
}

function planEpoch(
  { crypto, store }: HandoverDeps,
  recipient: DeviceId,
  scope: OpenedScope,
  epoch: OwnEpoch,
  done: ReadonlySet<string>,
): HandoverPlan {
  const plan = planKeyHandover(scope, epoch)
  if (plan.kind !== 'lane' && plan.kind !== 'modules') return NOTHING_TO_HAND
  const { grantId, lane, opId } = scope
  const isNew = (n: number, what: string): boolean => !done.has(store.handedKey(grantId, lane, n, what))
  const names = plan.kind === 'lane' ? [WHOLE_LANE] : plan.modules
  const newNames = names.filter((name) => isNew(epoch.n, `key:${name}`))
  const newLogs = store
    .ownLogs(lane, epoch.n)
    .filter(({ module }) => plan.kind === 'lane' || plan.modules.includes(module))
    .filter(({ log }) => isNew(0, `log:${log}`))
  if (newNames.length === 0 && newLogs.length === 0) return NOTHING_TO_HAND
  const base = { grantId, lane, epoch: epoch.n, epochStartedUnixMs: epoch.startedUnixMs }
  const keys =
    plan.kind === 'lane'
      ? { laneKey: epoch.key, modules: undefined }
      : { laneKey: undefined, modules: names.map((module) => ({ module, key: moduleKey(crypto, epoch.key, module) })) }
  const to = { recipient, grantId, lane }
  return {
    // Keys are handed over even when no log is new.
    items: (newLogs.length === 0 ? [[]] : chunksOf(newLogs, MAX_HANDOVER_LOGS)).map((logs) => ({
      kind: 'keys',
      opId,
      plaintext: encodeKeyHandover({ ...base, logs, ...keys }),
    })),
    handed: [
      ...newNames.map((name) => ({ ...to, n: epoch.n, what: `key:${name}` })),
      ...newLogs.map(({ log }) => ({ ...to, n: 0, what: `log:${log}` })),
    ],
  }
}
