/**
 * What the device does at start about a database that was put back: it says so in the audit log, raises the alarm and,
 * where its own records may be an older state, never again signs a place in a log that it may have signed before.
 */
import type { Crypto } from '../../base/crypto.ts'
import { toHex } from '../../base/bytes.ts'
import { toIncarnation, toLogId, type DeviceId, type Incarnation, type LogId } from '../../model/ids.ts'
import { STORED_LANES } from '../../model/lane.ts'
import type { AuditLog } from '../../store/audit-log.ts'
import { journaledLogs, moveJournal } from '../../store/journal-logs.ts'
import type { LogRowId } from '../../store/log-table.ts'
import type { Store } from '../../store/store.ts'
import { epochRef, type Epochs } from '../../sync/epochs.ts'
import { leafRef } from './audit-ledger.ts'
import type { RollbackCode } from './rollback-evidence.ts'
import type { SetAside } from './set-audit-aside.ts'
import type { Vouching } from './vouching.ts'

export interface RollbackDeps {
  readonly crypto: Pick<Crypto, 'randomBytes'>
  readonly store: Store
  readonly audit: AuditLog
  readonly vouching: Vouching
  readonly self: DeviceId
  readonly nowUnixMs: number
  /** What became of the audit log before this one, if this start took its place. */
  readonly setAside: SetAside | undefined
  /** Names of the settings that a rollback changes. */
  readonly settings: { readonly incarnation: string; readonly highWater: string }
}

const ID_BYTES = 16

/** The leaves come first and alter no evidence: a kill before the rest finds all of it again. */
export function answerRollback(deps: RollbackDeps, codes: readonly RollbackCode[]): void {
  const { store, audit, vouching, nowUnixMs } = deps
  const latestUnixMs = latestLeafUnixMs(audit)
  for (const code of codes) audit.append(leafOf(deps, code))
  const isStoreOlder = codes.some((code) => code !== 'AUDIT_ROLLED_BACK')
  const restart = isStoreOlder ? prepareNewIncarnation(deps) : undefined
  store.transaction(() => {
    if (restart !== undefined) {
      restart()
      advanceClock(deps, latestUnixMs)
      // An open invitation may have been used since.
      store.invitations.prune(Number.MAX_SAFE_INTEGER)
    }
    vouching.raise(codes, nowUnixMs)
  })
}

/** An epoch whose leaf is there was, or may have been, handed out: its number never stands for another key. */
export function skipUsedEpochs(epochs: Epochs, audit: Pick<AuditLog, 'hasObject' | 'refOf'>): void {
  for (const lane of STORED_LANES) {
    const next = epochs.prepare(lane)
    let { n } = next
    while (audit.hasObject('key', leafRef(audit, 'key', epochRef({ lane, n })))) n++
    if (n === next.n) continue
    epochs.record({ ...next, n })
    epochs.commit({ ...next, n })
  }
}

type AuditEntry = Parameters<AuditLog['append']>[0]

function leafOf({ self, setAside, vouching }: RollbackDeps, code: RollbackCode): AuditEntry {
  const device = { kind: 'device', ref: self } as const
  const common = { outcome: 'failure', actor: device, object: device } as const
  if (setAside === undefined || code !== 'AUDIT_SET_ASIDE') {
    return {
      ...common,
      type: code === 'AUDIT_ROLLED_BACK' ? 'audit.rolled-back' : 'store.rolled-back',
      payload: { code },
    }
  }
  const { damage, kept } = setAside
  const { auditSize: size, auditRoot: root } = vouching.lastSeenAudit() ?? {}
  return { ...common, type: 'audit.set-aside', payload: { damage, kept, size, root } }
}

/** What waits in the journal goes to logs of the new incarnation: in the old ones it may have been signed already. */
function prepareNewIncarnation({ crypto, store, settings }: RollbackDeps): () => void {
  const { db, logs } = store
  const incarnation = toIncarnation(toHex(crypto.randomBytes(ID_BYTES))) as Incarnation
  // Logs are added outside the transaction (log-table.ts); one that stays empty after a kill harms nobody.
  const moves = journaledLogs(db).map((from): readonly [LogRowId, LogRowId] => {
    const { rowId, own, ...description } = logs.byRow(from)
    const log = toLogId(crypto.randomBytes(ID_BYTES)) as LogId
    return [rowId, logs.add({ ...description, log, incarnation }, own).rowId]
  })
  return () => {
    store.settings.set(settings.incarnation, incarnation)
    for (const [from, to] of moves) moveJournal(db, from, to)
  }
}

/** The owner's clock went on after the state that was put back: what had ended by then stays ended. */
function advanceClock({ store, settings }: RollbackDeps, latestUnixMs: number): void {
  const known = (store.settings.get(settings.highWater) as number | undefined) ?? 0
  store.settings.set(settings.highWater, Math.max(known, latestUnixMs))
}

function latestLeafUnixMs(audit: AuditLog): number {
  const last = audit.list({ fromSeq: Math.max(0, audit.size() - 1) })[0]
  return last === undefined ? 0 : Date.parse(last.leaf.ts)
}
