/**
 * Sees that a solved error is back as soon as it is taken in, so that the person can be told. While nothing is resolved this
 * costs one comparison a commit, and then only records of modules that have something resolved are looked at: after they
 * were committed and answered, in turns with all else. What is too much is passed over: whether a group is open is judged
 * again whenever it is read (docs/spec/errors.md ER2).
 */
import type { Sha256 } from '../../base/crypto.ts'
import type { Steps } from '../../base/steps.ts'
import { judgeError } from '../../policy/error-state.ts'
import { errorReader, fingerprintOf } from '../../query/search/error-groups.ts'
import type { EachError } from '../../query/search/error-part.ts'
import type { ErrorStateRow, ErrorStateTable } from '../../store/error-state-table.ts'
import { OtlpError } from '../../wire/otlp/otlp-error.ts'
import { LookLater, type Committed, type LookDeps } from './look-later.ts'

/** Most bytes of records that wait to be looked at. */
export const MAX_UNSEEN_BYTES = 2 << 20
/** Length of a turn, in milliseconds. */
const TURN_MS = 5

export interface ErrorWatchDeps extends LookDeps {
  readonly sha256: Sha256
  readonly table: Pick<ErrorStateTable, 'all' | 'set'>
  readonly onReturned: (module: string) => void
}

export class ErrorWatch {
  readonly #deps: ErrorWatchDeps
  readonly #readers: ReadonlyMap<string, EachError>
  readonly #unseen: LookLater
  #resolved: ReadonlyMap<string, ErrorStateRow> = new Map()
  #modules: ReadonlySet<string> = new Set()

  constructor(deps: ErrorWatchDeps) {
    this.#deps = deps
    this.#readers = new Map((['logs', 'traces'] as const).map((lane) => [lane, errorReader(lane)]))
    this.#unseen = new LookLater(deps, {
      maxBytes: MAX_UNSEEN_BYTES,
      turnMs: TURN_MS,
      look: (committed) => this.#lookAt(committed),
    })
    this.decided()
  }

  /** A person has decided about a group. */
  decided(): void {
    this.#resolved = new Map([...this.#deps.table.all()].filter(([, { state }]) => state === 'resolved'))
    this.#modules = new Set([...this.#resolved.values()].map(({ module }) => module))
  }

  /** Takes a copy of what may hold an error that was resolved. */
  offer(committed: Committed): void {
    if (this.#resolved.size === 0 || !this.#readers.has(committed.lane)) return
    if (this.#modules.has(committed.chunk.module)) this.#unseen.offer(committed)
  }

  *#lookAt({ lane, chunk }: Committed): Steps<void> {
    const { module } = chunk
    const readEach = this.#readers.get(lane)
    if (readEach === undefined) return
    try {
      yield* readEach(chunk.payload, chunk, ({ key, unixNano }) =>
        this.#seen(module, fingerprintOf(module, key, this.#deps.sha256), unixNano),
      )
    } catch (err) {
      if (!(err instanceof OtlpError)) throw err
    }
  }

  #seen(module: string, fingerprint: string, unixNano: bigint): void {
    const row = this.#resolved.get(fingerprint)
    if (row === undefined || !judgeError(row, unixNano).regressed) return
    this.#deps.table.set(fingerprint, { ...row, state: 'regressed' })
    this.decided()
    this.#deps.onReturned(module)
  }
}
