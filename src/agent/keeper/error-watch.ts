/**
 * Sees that a solved error is back as soon as it is taken in, so that the person can be told. While nothing is resolved this
 * costs one comparison a commit, and then only records of modules that have something resolved are looked at: after they
 * were committed and answered, in turns with all else. What is too much is passed over: whether a group is open is judged
 * again whenever it is read (docs/spec/errors.md ER2).
 */
import { freeBytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import type { Sha256 } from '../../base/crypto.ts'
import type { Steps } from '../../base/steps.ts'
import { judgeError } from '../../policy/error-state.ts'
import { errorReader, fingerprintOf } from '../../query/search/error-groups.ts'
import type { EachError } from '../../query/search/error-part.ts'
import type { ChunkOrigin } from '../../query/search/record-filter.ts'
import type { ErrorStateRow, ErrorStateTable } from '../../store/error-state-table.ts'
import { OtlpError } from '../../wire/otlp/otlp-error.ts'
import type { Committed } from './tail-hub.ts'

/** Most bytes of records that wait to be looked at. */
export const MAX_UNSEEN_BYTES = 2 << 20
/** Length of a turn, in milliseconds. */
const TURN_MS = 5

export interface ErrorWatchDeps {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly sha256: Sha256
  readonly table: Pick<ErrorStateTable, 'all' | 'set'>
  /** Does something after whatever else there is to do now. */
  readonly later: (work: () => void) => void
  readonly onReturned: (module: string) => void
  readonly onFailure: (err: unknown) => void
}

type Unseen = ChunkOrigin & { readonly lane: 'logs' | 'traces'; readonly payload: Uint8Array }

export class ErrorWatch {
  readonly #deps: ErrorWatchDeps
  readonly #readers: Readonly<Record<Unseen['lane'], EachError>>
  readonly #unseen: Unseen[] = []
  #unseenBytes = 0
  #looking: Steps<void> | undefined
  #resolved: ReadonlyMap<string, ErrorStateRow> = new Map()
  #modules: ReadonlySet<string> = new Set()

  constructor(deps: ErrorWatchDeps) {
    this.#deps = deps
    this.#readers = { logs: errorReader('logs'), traces: errorReader('traces') }
    this.decided()
  }

  /** A person has decided about a group. */
  decided(): void {
    this.#resolved = new Map([...this.#deps.table.all()].filter(([, { state }]) => state === 'resolved'))
    this.#modules = new Set([...this.#resolved.values()].map(({ module }) => module))
  }

  /** Takes a copy of what may hold an error that was resolved. */
  offer({ lane, chunk: { deviceId, module, payload } }: Committed): void {
    if (this.#resolved.size === 0 || !this.#modules.has(module) || (lane !== 'logs' && lane !== 'traces')) return
    if (this.#unseenBytes + payload.length > MAX_UNSEEN_BYTES) return
    this.#unseen.push({ lane, deviceId, module, payload: payload.slice() })
    this.#unseenBytes += payload.length
    if (this.#looking !== undefined) return
    this.#looking = this.#lookAtAll()
    this.#deps.later(() => this.#turn())
  }

  #turn(): void {
    const endMs = this.#deps.clock.monotonic() + TURN_MS
    try {
      do {
        if (this.#looking?.next().done !== true) continue
        this.#looking = undefined
        return
      } while (this.#deps.clock.monotonic() < endMs)
    } catch (err) {
      this.#looking = this.#lookAtAll()
      this.#deps.onFailure(err)
    }
    this.#deps.later(() => this.#turn())
  }

  *#lookAtAll(): Steps<void> {
    for (let next = this.#unseen.shift(); next !== undefined; next = this.#unseen.shift()) {
      this.#unseenBytes -= next.payload.length
      yield* this.#lookAt(next)
      freeBytes(next.payload)
      yield
    }
  }

  *#lookAt({ lane, module, payload, deviceId }: Unseen): Steps<void> {
    try {
      yield* this.#readers[lane](payload, { deviceId, module }, ({ key, unixNano }) =>
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
