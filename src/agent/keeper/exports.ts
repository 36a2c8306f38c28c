/** The exports under way, by number; bounded, and each ends with its reader. */
import { MeshError } from '../../base/errors.ts'
import { ExportRun } from './export-run.ts'

/** Exports at once: each holds an iterator and a block, and takes its turn in the store thread. */
export const MAX_EXPORTS = 8

export type ExportErrorCode = 'EXPORT_TOO_MANY' | 'EXPORT_ENDED'
export class ExportError extends MeshError<ExportErrorCode> {}

export class Exports {
  readonly #runs = new Map<number, ExportRun>()
  #last = 0

  /** @throws {ExportError} `EXPORT_TOO_MANY` */
  requireRoom(): void {
    if (this.#runs.size < MAX_EXPORTS) return
    throw new ExportError('EXPORT_TOO_MANY', `at most ${MAX_EXPORTS} exports at once`, {
      details: { limit: MAX_EXPORTS },
    })
  }

  add(run: ExportRun): number {
    this.#runs.set(++this.#last, run)
    return this.#last
  }

  /** @throws {ExportError} `EXPORT_ENDED` */
  get(id: number): ExportRun {
    const run = this.#runs.get(id)
    if (run === undefined) throw new ExportError('EXPORT_ENDED', 'this export has ended')
    return run
  }

  end(id: number): void {
    this.#runs.delete(id)
  }
}
