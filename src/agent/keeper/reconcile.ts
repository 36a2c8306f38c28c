/**
 * Compares the audit log with what is stored, at every start and before anything is served. Between a leaf and its
 * operation a kill may come, and a database may be put back: what ends or forbids something is then done again, what
 * allows something is not (docs/spec/audit.md AU16).
 */
import { toDeviceId, toGrantId, type DeviceId, type GrantId } from '../../model/ids.ts'
import { isStage, STAGES, type Stage } from '../../model/stage.ts'
import type { AuditLog, AuditRecord } from '../../store/audit-log.ts'
import type { Ledger, LedgerEntry } from '../../sync/ledger.ts'

/** What the log says was ended and the store does not know. Without a grant and a peer, it means every grant. */
export type Ending =
  | { readonly kind: 'revoke'; readonly grantId: GrantId | undefined; readonly peer: DeviceId | undefined }
  | { readonly kind: 'remove'; readonly subject: DeviceId }
  | { readonly kind: 'stage'; readonly to: Stage }
  | { readonly kind: 'module'; readonly name: string }
  | { readonly kind: 'plugin'; readonly name: string }

export interface Stored {
  readonly stage: Stage
  readonly isKept: (opId: string) => boolean
  readonly hasModule: (name: string) => boolean
  /** Hash of the manifest that a plugin is held to; undefined if it is off, or not there. */
  readonly enabledManifest: (name: string) => string | undefined
}
export interface Comparison {
  /** Leaves that promise what never came: they grant or add something, or are another device's word that comes again. */
  readonly notCompleted: readonly AuditRecord[]
  readonly undone: readonly Undone[]
}
export interface Undone {
  readonly record: AuditRecord
  readonly ending: Ending
}

/** Types whose object is an operation that is stored after the leaf. */
const OPERATIONS: ReadonlySet<string> = new Set([
  'consent.granted',
  'consent.revoked',
  'consent.received',
  'consent.withdrawn',
  'membership.added',
  'membership.removed',
])

const PLUGIN_TYPES: ReadonlySet<string> = new Set([
  'plugin.approved',
  'plugin.enabled',
  'plugin.disabled',
  'plugin.removed',
])

export function compareLeaves(leaves: Iterable<AuditRecord>, stored: Stored): Comparison {
  const notCompleted: AuditRecord[] = []
  const undone: Undone[] = []
  const last = new Map<string, AuditRecord>()
  for (const record of leaves) {
    const { type, object, outcome } = record.leaf
    if (outcome !== 'success') continue
    if (type === 'stage.changed') last.set('stage', record)
    if (type === 'module.added' || type === 'module.removed') last.set(`module ${object?.ref ?? ''}`, record)
    if (PLUGIN_TYPES.has(type)) last.set(`plugin ${object?.ref ?? ''}`, record)
    if (!OPERATIONS.has(type) || object === undefined || stored.isKept(object.ref)) continue
    const ending = endingOf(record)
    if (ending === undefined) notCompleted.push(record)
    else undone.push({ record, ending })
  }
  for (const record of last.values()) undone.push(...stateOf(record, stored).map((ending) => ({ record, ending })))
  return { notCompleted, undone }
}

function endingOf(record: AuditRecord): Ending | undefined {
  const word = wordsOf(record)
  const everyGrant = { kind: 'revoke', grantId: undefined, peer: undefined } as const
  switch (record.leaf.type) {
    case 'consent.revoked':
      return { ...everyGrant, grantId: toGrantId(word('grantId')), peer: toDeviceId(word('peer')) }
    case 'membership.removed': {
      const subject = toDeviceId(word('subject'))
      return subject === undefined ? everyGrant : { kind: 'remove', subject }
    }
    default:
      return undefined
  }
}

/** The last word on a stage, a module or a plugin, if the store allows more than it. */
function stateOf(record: AuditRecord, { stage, hasModule, enabledManifest }: Stored): readonly Ending[] {
  const word = wordsOf(record)
  const [to, name, plugin] = [word('to'), word('module'), word('plugin')]
  switch (record.leaf.type) {
    case 'stage.changed':
      return isStage(to) && STAGES.indexOf(to) < STAGES.indexOf(stage) ? [{ kind: 'stage', to }] : []
    case 'module.removed':
      return hasModule(name) ? [{ kind: 'module', name }] : []
    case 'plugin.removed':
      return hasModule(plugin) ? [{ kind: 'module', name: plugin }] : []
    case 'plugin.disabled':
      return enabledManifest(plugin) === undefined ? [] : [{ kind: 'plugin', name: plugin }]
    case 'plugin.approved':
    case 'plugin.enabled':
      // Held to another manifest it may do what the person took from it.
      return [word('manifest'), undefined].includes(enabledManifest(plugin)) ? [] : [{ kind: 'plugin', name: plugin }]
    default:
      return []
  }
}

/** Names are in the payload alone; one that is gone gives none. */
function wordsOf({ payload }: AuditRecord): (name: string) => string {
  return (name) => {
    const value = payload.kind === 'open' ? payload.payload[name] : undefined
    return typeof value === 'string' ? value : ''
  }
}

type LeafObject = NonNullable<LedgerEntry['object']>

/** An operation that is stored. */
export interface OperationRef {
  readonly kind: 'consent' | 'membership'
  readonly opId: string
}

/** Says in the log what did not happen, what is done again, and which operations have lost their leaf. */
export function recordComparison(
  deps: { readonly audit: Pick<AuditLog, 'hasObject'>; readonly ledger: Ledger; readonly self: DeviceId },
  { notCompleted, undone }: Comparison,
  operations: Iterable<OperationRef>,
): void {
  const { audit, ledger, self } = deps
  const record = (object: LeafObject, reason: string): void =>
    ledger.append({
      type: 'audit.reconciled',
      outcome: 'failure',
      actor: { kind: 'device', ref: self },
      object,
      payload: { reason },
    })
  // Leaves of the types that are compared have an object, and of a kind that is known.
  for (const { leaf } of notCompleted) record(leaf.object as LeafObject, 'the operation was not completed')
  for (const each of undone) record(each.record.leaf.object as LeafObject, 'it was not in force any more: done again')
  for (const { kind, opId } of operations) {
    if (!audit.hasObject(kind, opId)) record({ kind, ref: opId }, 'the leaf of this operation was lost')
  }
}
