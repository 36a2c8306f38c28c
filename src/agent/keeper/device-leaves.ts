/** Leaves of the audit log about this device as a whole. */
import type { DeviceCard } from '../../model/membership.ts'
import type { Stage } from '../../model/stage.ts'
import type { StageChange } from '../../policy/stage-change.ts'
import type { LedgerEntry } from '../../sync/ledger.ts'
import type { KeyStore } from '../key-file.ts'
import type { Alarm } from './vouching.ts'

export type Self = Pick<DeviceCard, 'deviceId' | 'name'>

export function deviceCreated({ deviceId: ref, name }: Self, keyStore: KeyStore): LedgerEntry {
  return {
    type: 'device.created',
    outcome: 'success',
    actor: { kind: 'user', ref },
    object: { kind: 'device', ref },
    payload: { name, keyStore },
  }
}

export function stageChanged({ deviceId: ref }: Self, { from, to }: StageChange): LedgerEntry {
  return {
    type: 'stage.changed',
    outcome: 'success',
    actor: { kind: 'user', ref },
    object: { kind: 'policy', ref: 'stage' },
    payload: { from, to },
  }
}

/** What was kept above a stage goes, as the person asked for. */
export function keptDeleted({ deviceId: ref }: Self, stage: Stage): LedgerEntry {
  return {
    type: 'data.purged',
    outcome: 'success',
    actor: { kind: 'user', ref },
    object: { kind: 'device', ref },
    payload: { reason: 'stage', stage },
  }
}

export function alarmsAccepted({ deviceId: ref }: Self, alarms: readonly Alarm[]): LedgerEntry {
  return {
    type: 'alarm.accepted',
    outcome: 'success',
    actor: { kind: 'user', ref },
    object: { kind: 'device', ref },
    payload: { codes: alarms.map(({ code }) => code).join(' ') },
  }
}

/** The disk became full, or has room again. */
export function diskChanged(
  { deviceId: ref }: Self,
  type: 'store.full' | 'store.freed',
  payload: NonNullable<LedgerEntry['payload']>,
): LedgerEntry {
  const device = { kind: 'device', ref } as const
  return { type, outcome: type === 'store.full' ? 'failure' : 'success', actor: device, object: device, payload }
}
