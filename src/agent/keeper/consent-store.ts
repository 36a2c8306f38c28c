/** Fits the store to what the consent service asks of it. */
import type { DeviceId } from '../../model/ids.ts'
import { handedKey, type ControlTable } from '../../store/control-table.ts'
import type { EpochTable } from '../../store/epoch-table.ts'
import type { LogTable } from '../../store/log-table.ts'
import type { SegmentTable } from '../../store/segment-table.ts'
import type { Store } from '../../store/store.ts'
import type { ConsentStore } from '../../sync/consent-store.ts'

export interface ConsentTables extends Pick<Store, 'transaction'> {
  readonly control: Pick<ControlTable, 'entries' | 'last' | 'ofKind' | 'insertEntry' | 'insertHanded' | 'handedTo'>
  readonly epochs: Pick<EpochTable, 'all' | 'insertReceived'>
  readonly logs: Pick<LogTable, 'ofAuthor' | 'add'>
  readonly segments: Pick<SegmentTable, 'epochRanges'>
}

export function consentStore(store: ConsentTables, self: DeviceId): ConsentStore {
  const { control, epochs, logs, segments } = store
  return {
    transaction: (work) => store.transaction(work),
    consentEntries: () => control.ofKind('consent'),
    entries: (owner, recipient, fromSeq) => control.entries(owner, recipient, fromSeq),
    lastEntry: (owner, recipient) => control.last(owner, recipient),
    insertEntry: (entry) => control.insertEntry(entry),
    handedTo: (recipient) => control.handedTo(recipient),
    handedKey,
    insertHanded: (recipient, grantId, lane, n, what) => control.insertHanded(recipient, grantId, lane, n, what),
    epochs: (lane) => epochs.all(lane),
    ownLogs: (lane, epoch) =>
      logs.ofAuthor(self).flatMap((log) => {
        const range = log.lane === lane && segments.epochRanges(log.rowId).find((each) => each.epoch === epoch)
        return range ? [{ ...log, firstSeq: range.from }] : []
      }),
    receiveLogs({ owner, handover }) {
      for (const { log, incarnation, module, part } of handover.logs) {
        logs.add({ author: owner, log, incarnation, lane: handover.lane, module, part }, false)
      }
    },
    receiveKeys({ owner, handover }) {
      const { lane, epoch: n, epochStartedUnixMs: startedUnixMs, grantId } = handover
      const keys = handover.laneKey ? [{ module: undefined, key: handover.laneKey }] : (handover.modules ?? [])
      for (const key of keys) epochs.insertReceived({ owner, lane, n, startedUnixMs, grantId, ...key })
    },
  }
}
