/**
 * What an owner's live grants open to a reader now, and which keys each of them hands over.
 * Same rules as decide-share.ts, so a key never opens what a chunk would be refused for (docs/spec/consent.md CO12).
 */
import type { DeviceId, GrantId, OpId } from '../model/ids.ts'
import type { Lane } from '../model/lane.ts'
import { closedFor, isInWindow, unreadable, type ShareView } from './decide-share.ts'

/** One lane under one grant. */
export interface OpenedScope {
  readonly grantId: GrantId
  /** The grant operation: its hash is bound into every key hand-over made under it. */
  readonly opId: OpId
  readonly lane: Lane
  /** Undefined is every module, also those to come. */
  readonly modules: readonly string[] | undefined
  /** Undefined is every part. */
  readonly parts: readonly string[] | undefined
  readonly sinceUnixMs: number
  readonly untilUnixMs: number | undefined
}

/** Sorted by grant, then as the grant lists its lanes. */
export function openedScopes(view: ShareView, owner: DeviceId, recipient: DeviceId): readonly OpenedScope[] {
  if (closedFor(view, owner, recipient) !== undefined) return []
  return [...view.grants]
    .filter(({ grant }) => grant.owner === owner && grant.recipient === recipient)
    .filter((record) => unreadable(record, view) === undefined)
    .map(({ grant }) => grant)
    .sort((a, b) => (a.grantId < b.grantId ? -1 : 1))
    .flatMap((grant) => [...new Set(grant.lanes)].map((lane) => ({ ...grant, lane })))
    .map(({ grantId, opId, lane, modules, parts, sinceUnixMs, untilUnixMs }) => ({
      grantId,
      opId,
      lane,
      modules,
      parts,
      sinceUnixMs,
      untilUnixMs,
    }))
}

export type KeyHandover =
  | { readonly kind: 'nothing' }
  /** The epoch's own key: every module and part of the lane. */
  | { readonly kind: 'lane' }
  /** The key of each module listed: every part of it. */
  | { readonly kind: 'modules'; readonly modules: readonly string[] }
  /** Only keys of the parts listed, in the modules listed or, if undefined, in each module the epoch has. */
  | { readonly kind: 'parts'; readonly modules: readonly string[] | undefined; readonly parts: readonly string[] }

/** The highest keys of the tree that open exactly what the scope opens in this epoch. */
export function planKeyHandover(
  scope: OpenedScope,
  epoch: { readonly lane: Lane; readonly startedUnixMs: number },
): KeyHandover {
  const { modules, parts } = scope
  if (scope.lane !== epoch.lane || !isInWindow(scope, epoch.startedUnixMs)) return { kind: 'nothing' }
  if (modules?.length === 0 || parts?.length === 0) return { kind: 'nothing' }
  if (parts !== undefined) return { kind: 'parts', modules: modules && sortedSet(modules), parts: sortedSet(parts) }
  return modules === undefined ? { kind: 'lane' } : { kind: 'modules', modules: sortedSet(modules) }
}

function sortedSet(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort()
}
