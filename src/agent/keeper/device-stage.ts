/** The stage that this device is at: it changes in one transaction with what the change deletes, and what it ends is ended. */
import { STORED_LANES } from '../../model/lane.ts'
import type { Stage } from '../../model/stage.ts'
import { planStageChange, type KeptFate, type StageChange } from '../../policy/stage-change.ts'
import type { SegmentWriter } from '../../store/segment-writer.ts'
import type { Store } from '../../store/store.ts'
import type { Epochs } from '../../sync/epochs.ts'
import type { Ledger } from '../../sync/ledger.ts'
import { keptDeleted, stageChanged, type Self } from './device-leaves.ts'
import { readStage, SETTING } from './device-settings.ts'
import type { DroppedAbove } from './drop-above-stage.ts'

/** What a change of stage needs; none of it is there yet when the stage is first read. */
export interface StageParts {
  readonly card: Self
  readonly ledger: Ledger
  readonly writer: SegmentWriter
  readonly epochs: Epochs
  /** Commits what was let in at the stage that ends. */
  readonly commitWaiting: () => void
  readonly endGrants: () => Promise<unknown>
  /** Deletes what was kept above a stage, in turns with all else. */
  readonly drop: (stage: Stage) => Promise<DroppedAbove>
  readonly onChange: () => void
}

export class DeviceStage {
  readonly #store: Pick<Store, 'settings' | 'transaction'>
  readonly #parts: StageParts
  /** A run before this one was to delete what was kept above its stage, and did not get to the end of it. */
  readonly hasLeftAbove: boolean
  #now: Stage

  constructor(store: Pick<Store, 'settings' | 'transaction'>, parts: StageParts) {
    this.#store = store
    this.#parts = parts
    this.#now = readStage(store.settings.get(SETTING.stage))
    this.hasLeftAbove = store.settings.get(SETTING.dropAbove) !== undefined
  }

  get now(): Stage {
    return this.#now
  }

  /**
   * Changes the stage, ends what the new one does not allow, and says what that was.
   * @param fate of what was kept above it; it is deleted by {@link dropAbove}, at the latest after the next start
   */
  async set(to: Stage, fate: KeptFate): Promise<StageChange> {
    const { card, ledger, commitWaiting, endGrants, onChange } = this.#parts
    const change = planStageChange(this.#now, to)
    commitWaiting() // after the change it would be kept beside what the new stage collects, and outlive a deletion
    ledger.append(stageChanged(card, change))
    const isDeleting = fate === 'delete' && change.kept !== ''
    if (isDeleting) ledger.append(keptDeleted(card, to))
    this.#save(to, isDeleting)
    this.#now = to
    if (change.revokeAllGrants) await endGrants()
    // A key that is in use is not destroyed.
    if (change.rotateKeys || isDeleting) this.#rotateKeys()
    onChange()
    return change
  }

  /** Deletes what was kept above the stage, if that was asked for and is not done. @returns undefined if it is not */
  async dropAbove(): Promise<DroppedAbove | undefined> {
    const { settings } = this.#store
    const stage = settings.get(SETTING.dropAbove)
    if (stage === undefined) return undefined
    const dropped = await this.#parts.drop(readStage(stage))
    if (settings.get(SETTING.dropAbove) === stage) settings.delete(SETTING.dropAbove)
    return dropped
  }

  #save(to: Stage, isDeleting: boolean): void {
    const { settings, transaction } = this.#store
    transaction(() => {
      settings.set(SETTING.stage, to)
      if (isDeleting) settings.set(SETTING.dropAbove, to)
      // What another change was to delete and has not is collected again, or is to stay.
      else settings.delete(SETTING.dropAbove)
    })
  }

  #rotateKeys(): void {
    const { writer, epochs } = this.#parts
    writer.cut(() => true)
    for (const lane of STORED_LANES) {
      const epoch = epochs.prepare(lane)
      epochs.record(epoch)
      this.#store.transaction(() => epochs.commit(epoch))
    }
  }
}
