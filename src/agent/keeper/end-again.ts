/**
 * At start, before anything is served: compares the audit log with what is stored, and ends again what the log says was
 * ended and the store does not know (docs/spec/audit.md AU16).
 */
import type { OpId } from '../../model/ids.ts'
import type { ApprovedPlugin } from '../../model/plugin.ts'
import type { DeviceCard } from '../../model/membership.ts'
import type { Stage } from '../../model/stage.ts'
import type { AuditLog } from '../../store/audit-log.ts'
import type { ModuleTable, SettingTable } from '../../store/small-tables.ts'
import type { ConsentService } from '../../sync/consent-service.ts'
import type { Ledger } from '../../sync/ledger.ts'
import type { MembershipService } from '../../sync/membership-service.ts'
import type { LiveGrants } from './live-grants.ts'
import { SETTING } from './device-settings.ts'
import { compareLeaves, recordComparison, type Ending, type OperationRef } from './reconcile.ts'

export interface ReconcileDeps {
  readonly audit: Pick<AuditLog, 'size' | 'leavesSince' | 'hasObject'>
  readonly ledger: Ledger
  readonly store: {
    readonly settings: Pick<SettingTable, 'get' | 'set'>
    readonly modules: Pick<ModuleTable, 'all' | 'set' | 'delete'>
  }
  readonly card: DeviceCard
  readonly stage: Stage
  readonly members: MembershipService
  readonly consents: Pick<ConsentService, 'history'>
  readonly liveGrants: LiveGrants
  setStage(to: Stage): Promise<unknown>
}

/**
 * What has to end again is fenced on return, and ended when the promise resolves.
 * @throws {StoreError} at once if the audit log cannot be written
 */
export function reconcileAtStart(deps: ReconcileDeps): Promise<void> {
  const { audit, ledger, store, card, stage } = deps
  const size = audit.size()
  const from = Math.min((store.settings.get(SETTING.reconciled) as number | undefined) ?? 0, size)
  const comparison = compareLeaves(audit.leavesSince(from), {
    stage,
    isKept: (opId) => isKept(deps, opId),
    hasModule: (name) => store.modules.all().some((each) => each.name === name),
    enabledManifest: (name) => enabledManifest(store, name),
  })
  recordComparison({ audit, ledger, self: card.deviceId }, comparison, operationsOf(deps))
  const done = (): void => store.settings.set(SETTING.reconciled, size)
  if (comparison.undone.length > 0) {
    return Promise.all(comparison.undone.map(({ ending }) => endAgain(deps, ending))).then(done)
  }
  done()
  return Promise.resolve()
}

/** Grants are fenced before this first waits. */
async function endAgain(deps: ReconcileDeps, ending: Ending): Promise<void> {
  const { members, liveGrants, card, store } = deps
  switch (ending.kind) {
    case 'revoke': {
      const { grantId, peer } = ending
      return liveGrants.revoke((grant) =>
        grantId === undefined ? (peer ?? grant.recipient) === grant.recipient : grantId === grant.grantId,
      )
    }
    case 'remove': {
      const { subject } = ending
      const isSelf = subject === card.deviceId
      await liveGrants.revoke(({ recipient }) => isSelf || recipient === subject)
      // That this device was removed is another one's word, which comes again.
      if (!isSelf && members.current().members.has(subject)) await members.remove(subject)
      return undefined
    }
    case 'stage':
      await deps.setStage(ending.to)
      return undefined
    case 'module':
      store.modules.delete(ending.name)
      return undefined
    case 'plugin': {
      const record = pluginRecord(store, ending.name)
      if (record?.plugin) store.modules.set(ending.name, { ...record, plugin: { ...record.plugin, isDisabled: true } })
    }
  }
}

function enabledManifest(store: ReconcileDeps['store'], name: string): string | undefined {
  const plugin = pluginRecord(store, name)?.plugin
  return plugin?.isDisabled === false ? plugin.sha256 : undefined
}

/** A module's record, if it is a plugin's. */
function pluginRecord({ modules }: ReconcileDeps['store'], name: string) {
  const record = modules.all().find((each) => each.name === name)?.record
  return record as { readonly plugin?: ApprovedPlugin } | undefined
}

/** Every operation that has a leaf: all but the one that founded this mesh. */
function* operationsOf({ store, consents, members }: ReconcileDeps): Generator<OperationRef> {
  const { root } = store.settings.get(SETTING.mesh) as { readonly root: OpId }
  for (const { opId } of consents.history()) yield { kind: 'consent', opId }
  for (const opId of members.opIds()) if (opId !== root) yield { kind: 'membership', opId }
}

function isKept({ members, consents }: ReconcileDeps, opId: string): boolean {
  return members.holds(opId as OpId) || consents.history().some((op) => op.opId === opId)
}
