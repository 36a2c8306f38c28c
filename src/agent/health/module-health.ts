/**
 * Health of modules: whether those that were connected in this run still are, and what they report of themselves, which is
 * forgotten with the session that said it.
 */
import type { HealthSink } from '../../bus/bus-ports.ts'
import type { HealthReport } from '../../model/health.ts'
import type { Check, HealthBook } from './health-book.ts'

interface Known {
  readonly sessions: Set<string>
  /** What the latest report said, and in which session. */
  latest: { readonly session: string; readonly reports: readonly HealthReport[] } | undefined
}

export class ModuleHealth implements HealthSink {
  readonly #book: HealthBook
  readonly #now: () => number
  readonly #modules = new Map<string, Known>()

  constructor(book: HealthBook, now: () => number) {
    this.#book = book
    this.#now = now
  }

  began(module: string, session: string): void {
    const known = this.#modules.get(module) ?? { sessions: new Set(), latest: undefined }
    known.sessions.add(session)
    this.#modules.set(module, known)
    this.#tell(module, known)
  }

  reported(module: string, session: string, reports: readonly HealthReport[]): void {
    const known = this.#modules.get(module)
    if (known?.sessions.has(session) !== true) return
    known.latest = { session, reports }
    this.#tell(module, known)
  }

  ended(module: string, session: string): void {
    const known = this.#modules.get(module)
    if (known?.sessions.delete(session) !== true) return
    if (known.latest?.session === session) known.latest = undefined
    this.#tell(module, known)
  }

  removed(module: string): void {
    this.#modules.delete(module)
    this.#book.forget(module)
  }

  #tell(module: string, { sessions, latest }: Known): void {
    const reported = (latest?.reports ?? [])
      .filter(({ name }) => name !== RUNNING)
      .map(({ name, status, reason }): Check => ({ name, kind: 'readiness', status, reason }))
    this.#book.report(module, [running(sessions.size > 0), ...reported], this.#now())
  }
}

/** Ours to say, whatever a module reports by this name. */
const RUNNING = 'running'

function running(isRunning: boolean): Check {
  return isRunning
    ? { name: RUNNING, kind: 'readiness', status: 'pass', reason: undefined }
    : { name: RUNNING, kind: 'readiness', status: 'fail', reason: 'not running' }
}
