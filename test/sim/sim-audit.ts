/** The audit log as a list of leaves on a {@link SimDisk}: what a start compares with what is stored. Its proofs are elsewhere. */
import type { AuditLog, AuditRecord } from '../../src/store/audit-log.ts'
import type { ReconcileDeps } from '../../src/agent/keeper/end-again.ts'
import { leafRef } from '../../src/agent/keeper/audit-ledger.ts'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import type { Ledger, LedgerEntry } from '../../src/sync/ledger.ts'
import type { SimDisk } from './sim-disk.ts'

type Audit = ReconcileDeps['audit'] & Pick<AuditLog, 'refOf'>

export interface SimLedger extends Ledger {
  readonly audit: Audit
}

export function simLedger(disk: SimDisk): SimLedger {
  const leaves = disk.rows<LedgerEntry>('leaf')
  const objects = disk.rows<true>('leaf_object')
  const audit: Audit = {
    refOf: (_kind, name) => toHex(utf8(name)),
    size: () => leaves.size,
    hasObject: (kind, ref) => objects.has(`${kind}/${ref}`),
    *leavesSince(seq) {
      for (const [at, entry] of leaves.values().entries()) if (at >= seq) yield toRecord(at, entry)
    },
  }
  return {
    audit,
    append(entry) {
      disk.transaction(() => {
        leaves.insert(leaves.size, entry)
        const { object } = entry
        if (object) objects.set(`${object.kind}/${leafRef(audit, object.kind, object.ref)}`, true)
      })
    },
  }
}

function toRecord(seq: number, { type, outcome, actor, object, payload = {} }: LedgerEntry): AuditRecord {
  const leaf = { v: 1, type, seq, outcome, actor, object }
  return { leaf, payload: { kind: 'open', payload } } as unknown as AuditRecord
}
