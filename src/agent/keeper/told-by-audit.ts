/**
 * Which leaves of the audit log a person is told of, and how. What is worth a leaf and concerns the person is raised here and
 * nowhere else, so that a new place that writes the same leaf is told of too.
 */
import type { DeviceId } from '../../model/ids.ts'
import type { Stage } from '../../model/stage.ts'
import type { ArgsOf, NotificationId } from '../../policy/notifications/catalogue.ts'
import type { LedgerEntry } from '../../sync/ledger.ts'

export type RaisedNews = {
  readonly [Id in NotificationId]: { readonly id: Id; readonly args: ArgsOf[Id] }
}[NotificationId]

/** @param nameOf a device by what the person calls it */
export function toldByAudit(
  { type, object, payload }: LedgerEntry,
  nameOf: (device: DeviceId) => string,
): RaisedNews | undefined {
  switch (type) {
    case 'stage.changed':
      return { id: 'stage.changed', args: { stage: payload?.['to'] as Stage } }
    case 'module.refused':
      return { id: 'security.module-refused', args: { module: String(payload?.['module']) } }
    case 'pairing.failed':
      return toldByPairing(String(payload?.['code']), payload?.['name'])
    case 'store.full':
      return { id: 'storage.full', args: {} }
    case 'store.freed':
      return { id: 'storage.freed', args: {} }
    case 'data.damaged':
      return { id: 'storage.damaged', args: { device: nameOf(object?.ref as DeviceId) } }
    default:
      return undefined
  }
}

/** That a code was not confirmed in time, or that somebody changed their mind, is no news: they were asked. */
function toldByPairing(code: string, name: unknown): RaisedNews | undefined {
  if (code === 'PAIR_EXPIRED' || code === 'PAIR_CANCELLED') return undefined
  if (code !== 'PAIR_CODES_DIFFER') return { id: 'security.pairing-refused', args: {} }
  return { id: 'security.codes-differ', args: { device: String(name) } }
}
