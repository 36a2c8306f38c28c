/**
 * Keeps in each database how far the other has come, and at start what follows from a contradiction: alarms, which stay
 * until the person accepts them, and while one stands nothing leaves (docs/spec/audit.md AU21 to AU23).
 */
import { toHex } from '../../base/bytes.ts'
import type { AuditLog } from '../../store/audit-log.ts'
import type { AuditVerdict } from '../../store/audit-verify.ts'
import { isDiskTrouble } from '../../store/store-error.ts'
import type { Store } from '../../store/store.ts'
import { judgeRollback, type RollbackCode, type Vouch } from './rollback-evidence.ts'

export interface Alarm {
  readonly code: RollbackCode
  readonly atUnixMs: number
  /** Leaves that were in the audit log when it was found: all that came later is this device's account since. */
  readonly auditSize: number
}

const SETTING = { vouch: 'audit.vouch', alarms: 'alarms' } as const

export class Vouching {
  readonly #store: Store
  readonly #audit: AuditLog
  #alarms: readonly Alarm[]

  constructor(store: Store, audit: AuditLog) {
    this.#store = store
    this.#audit = audit
    this.#alarms = (store.settings.get(SETTING.alarms) as readonly Alarm[] | undefined) ?? []
  }

  /**
   * What the files say against each other: to be asked before anything is written to either.
   * @param isAuditNew the audit log has just begun, in place of one that was damaged
   */
  findings(isAuditNew: boolean): readonly RollbackCode[] {
    const vouch = this.#vouch()
    const root = vouch && this.#audit.rootAt(vouch.auditSize)
    return judgeRollback({
      isAuditNew,
      vouch,
      hadLog: this.#store.hadLog,
      isLogDamaged: this.#store.isLogDamaged,
      auditSize: this.#audit.size(),
      auditRootThen: root && toHex(root),
      storeGeneration: this.#audit.storeGeneration(),
    })
  }

  alarms(): readonly Alarm[] {
    return this.#alarms
  }

  /** The audit log as the main database saw it last. */
  lastSeenAudit(): Pick<Vouch, 'auditSize' | 'auditRoot'> | undefined {
    return this.#vouch()
  }

  /** Keeps the first alarm of each kind; inside the caller's transaction, which also does away with the evidence. */
  raise(codes: readonly RollbackCode[], atUnixMs: number): void {
    const auditSize = this.#audit.size()
    const fresh = codes.filter((code) => !this.#alarms.some((alarm) => alarm.code === code))
    this.#keep([...this.#alarms, ...fresh.map((code) => ({ code, atUnixMs, auditSize }))])
    this.#write({ generation: this.#next(), isRunning: true })
  }

  accept(): void {
    this.#keep([])
  }

  /** A run begins: from here on the main database says that it needs its write-ahead log, and has one. */
  begin(): void {
    this.#level()
    this.#step(true)
    this.#store.checkpoint()
  }

  /** A run ends, before the write-ahead log goes with it. */
  end(): void {
    try {
      this.#endStep()
    } catch {
      // A full disk: once the log is in the file, there is room in it again.
      this.#store.checkpoint()
      this.#endStep()
    }
  }

  /** The log as it is, and as the main database saw it. */
  verifyAudit(): AuditVerdict {
    const verdict = this.#audit.verify()
    if (!verdict.ok) return verdict
    for (const code of ['AUDIT_SET_ASIDE', 'AUDIT_ROLLED_BACK'] as const) {
      const alarm = this.#alarms.find((each) => each.code === code)
      if (alarm !== undefined) return { ok: false, code, seq: alarm.auditSize }
    }
    return this.#isAuditWhole() ? verdict : { ok: false, code: 'AUDIT_ROLLED_BACK', seq: verdict.size }
  }

  #endStep(): void {
    try {
      this.#level()
    } catch (err) {
      if (!isDiskTrouble(err)) throw err
      // No room in the audit database for a number that is owed already: the run ends and is not counted.
      return this.#write({ generation: this.#vouch()?.generation ?? 0, isRunning: false })
    }
    this.#step(false)
  }

  /** Before each step: the audit database is never more than one behind. */
  #level(): void {
    const generation = this.#vouch()?.generation ?? 0
    if (this.#audit.storeGeneration() !== generation) this.#audit.noteStoreGeneration(generation)
  }

  /** Before a leaf is written the last one is noted, so that never two are unknown to the main database. */
  catchUp(): void {
    if (this.#vouch()?.auditSize !== this.#audit.size()) this.noteLeaf()
  }

  noteLeaf(): void {
    const { generation, isRunning } = this.#vouch() ?? { generation: 0, isRunning: true }
    this.#write({ generation, isRunning })
  }

  /** Whether the audit log is, up to where it was noted last, what it was then. */
  #isAuditWhole(): boolean {
    const vouch = this.#vouch()
    const root = vouch && this.#audit.rootAt(vouch.auditSize)
    return vouch === undefined || (root !== undefined && toHex(root) === vouch.auditRoot)
  }

  #keep(alarms: readonly Alarm[]): void {
    this.#store.settings.set(SETTING.alarms, alarms)
    this.#alarms = alarms
  }

  #step(isRunning: boolean): void {
    const generation = this.#next()
    this.#write({ generation, isRunning })
    this.#audit.noteStoreGeneration(generation)
  }

  /** Above what either file has seen, so that no older copy of one ever fits the other again. */
  #next(): number {
    return Math.max(this.#vouch()?.generation ?? 0, this.#audit.storeGeneration()) + 1
  }

  #write(run: Pick<Vouch, 'generation' | 'isRunning'>): void {
    const audit = { auditSize: this.#audit.size(), auditRoot: toHex(this.#audit.root()) }
    this.#store.settings.set(SETTING.vouch, { ...run, ...audit } satisfies Vouch)
  }

  #vouch(): Vouch | undefined {
    return this.#store.settings.get(SETTING.vouch) as Vouch | undefined
  }
}
