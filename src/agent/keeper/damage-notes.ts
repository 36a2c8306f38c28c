/**
 * Which parts of the databases were found damaged in this run, for `status`: one failed question is soon forgotten, and what
 * can be done about it differs. A note stays until what it is about was made again, or the agent ends.
 */
import type { Clock } from '../../base/clock.ts'
import { codeOf } from '../../base/errors.ts'
import { isAuditDamage } from '../../store/audit-damage.ts'
import { namingFile, toStoreError } from '../../store/store-error.ts'

/** `index`: made again from the records. `audit`: the audit log. `store`: anything else in the main database. */
export type DamagedPart = 'index' | 'audit' | 'store'

export interface DamageNote {
  readonly part: DamagedPart
  /** When it was found first. */
  readonly sinceUnixMs: number
}

export class DamageNotes {
  readonly #clock: Pick<Clock, 'now'>
  readonly #since = new Map<DamagedPart, number>()
  /** Errors that came out of reading the index: whoever asked is told of them too. */
  readonly #ofIndex = new WeakSet<object>()

  readonly #onNote: (part: DamagedPart) => void

  /** @param onNote called when a part is found damaged that was not known to be */
  constructor(clock: Pick<Clock, 'now'>, onNote: (part: DamagedPart) => void = () => undefined) {
    this.#clock = clock
    this.#onNote = onNote
  }

  list(): readonly DamageNote[] {
    return [...this.#since].map(([part, sinceUnixMs]) => ({ part, sinceUnixMs }))
  }

  /** Reading the index ended with this. */
  inIndex(err: unknown): void {
    if (err instanceof Error) this.#ofIndex.add(err)
    this.#note('index')
  }

  indexIsMade(): void {
    this.#since.delete('index')
  }

  /** Notes what failed, if damage is why. @returns the error in words that name the file; others as store errors */
  told(cause: unknown): unknown {
    const err = toStoreError(cause)
    if (isAuditDamage(err)) {
      this.#note('audit')
      return err
    }
    if (codeOf(err) !== 'STORE_CORRUPT') return err
    if (!this.#ofIndex.has(err as Error)) this.#note('store')
    return namingFile('store.db', err)
  }

  #note(part: DamagedPart): void {
    if (this.#since.has(part)) return
    this.#since.set(part, Math.floor(this.#clock.now()))
    this.#onNote(part)
  }
}
