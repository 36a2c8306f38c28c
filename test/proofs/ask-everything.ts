/** Asks a keeper over a damaged home whatever can be asked, and judges the answers: errors must have codes, records must be true. */
import { keeperApi } from '../../src/agent/keeper/keeper-api.ts'
import type { Keeper } from '../../src/agent/keeper/keeper.ts'
import { codeOf } from '../../src/base/errors.ts'
import type { DeviceId } from '../../src/model/ids.ts'
import type { LogList } from '../../src/query/list-logs.ts'
import type { StitchedTrace } from '../../src/query/stitched-trace.ts'
import { toStoreError } from '../../src/store/store-error.ts'
import { MAX_RUN_BYTES } from '../../src/sync/serving.ts'
import { encodeNumbered, type NumberedBatch } from '../support/numbered-records.ts'
import { traceIdOf } from '../support/otlp-records.ts'
import { readAnswer } from '../support/stored-facts.ts'
import { goneBelow, nextNumbers, type WorkLine } from './work-lines.ts'

export interface Answers {
  readonly problems: readonly string[]
  /** How often it was said that something is wrong: a code, an alarm, a chunk that cannot be read. */
  readonly told: number
  /** Acknowledged spans and log lines that were not dropped, and that no answer has. */
  readonly missing: number
}

const ALL = 5_000

export async function askEverything(keeper: Keeper, lines: readonly WorkLine[]): Promise<Answers> {
  const asking = new Asking(keeper, lines)
  await asking.all()
  return asking
}

class Asking implements Answers {
  readonly problems: string[] = []
  told = 0
  readonly #keeper: Keeper
  readonly #api: ReturnType<typeof keeperApi>
  readonly #sent: readonly NumberedBatch[]
  readonly #kept: readonly NumberedBatch[]
  readonly #lines: readonly WorkLine[]
  readonly #spans = new Set<number>()
  readonly #logs = new Set<number>()

  constructor(keeper: Keeper, lines: readonly WorkLine[]) {
    this.#keeper = keeper
    this.#api = keeperApi(keeper, 'not-there')
    this.#lines = lines
    const sent = lines.flatMap((line) => (line.op === 'sent' ? [line] : []))
    const kept = new Set(lines.flatMap((line) => (line.op === 'kept' ? [line.id] : [])))
    this.#sent = sent.map(({ batch }) => batch)
    const { mayBe: mayBeGone } = goneBelow(lines)
    this.#kept = sent.flatMap(({ id, batch }) => (kept.has(id) && batch.first >= mayBeGone ? [batch] : []))
  }

  get missing(): number {
    return this.#kept.flatMap(numbersOf).filter(({ signal, n }) => {
      if (signal === 'metrics') return false
      return !(signal === 'traces' ? this.#spans : this.#logs).has(n)
    }).length
  }

  async all(): Promise<void> {
    const api = this.#api
    this.told += api.view().alarms.length
    await this.#ask('status', () => api.status())
    await this.#ask('traces', () => api.searchTraces({ limit: ALL }))
    for (const trace of new Set(this.#sent.map((batch) => batch.trace))) await this.#askTrace(trace)
    await this.#askLogs()
    await this.#ask('audit', () => api.auditList(0, ALL))
    const verdict = await this.#ask('audit verdict', () => api.auditVerify())
    if (verdict !== undefined && !verdict.ok) this.told++
    await this.#ask('grants', () => api.grants())
    await this.#ask('modules', () => api.modules())
    await this.#ask('consent history', () => api.consentHistory())
    for (const device of api.view().membership.members.keys()) await this.#askSync(device)
    await this.#ask('intake', () => this.#takeMore())
  }

  async #askTrace(trace: number): Promise<void> {
    const id = traceIdOf(trace)
    const json = await this.#ask('trace', () => this.#api.traceShow(id, { attributes: true }))
    if (json === undefined) return
    const { spans, unreadableChunks } = readAnswer(json) as StitchedTrace
    this.told += unreadableChunks
    const mine = new Set(this.#numbers('traces', trace))
    for (const { spanId, name } of spans) {
      const n = Number(`0x${spanId}`)
      if (!mine.has(n) || name !== `span ${n}`) this.problems.push(`a span that nobody sent: ${spanId}`)
      this.#spans.add(n)
    }
  }

  async #askLogs(): Promise<void> {
    const json = await this.#ask('logs', () => this.#api.searchLogs({ limit: ALL }))
    if (json === undefined) return
    const { logs, omitted, omittedChunks, unreadableChunks } = readAnswer(json) as LogList
    this.told += unreadableChunks + omitted + omittedChunks
    const mine = new Set(this.#numbers('logs'))
    for (const { body } of logs) {
      const n = Number(/^line (\d+)$/.exec(body)?.[1])
      if (Number.isNaN(n)) continue // of the fixture
      if (!mine.has(n)) this.problems.push(`a line that nobody sent: ${n}`)
      this.#logs.add(n)
    }
  }

  async #askSync(device: DeviceId): Promise<void> {
    const api = this.#api
    await this.#ask('digest of', () => api.digestOf(device))
    await this.#ask('digest for', () => api.digestFor(device))
    for (const row of (await this.#ask('rows', () => api.rowsFor(device))) ?? []) {
      await this.#ask('run', () => api.readRun(device, row, MAX_RUN_BYTES))
    }
  }

  async #takeMore(): Promise<void> {
    const first = nextNumbers(this.#lines).number
    const batch: NumberedBatch = { signal: 'traces', service: 'web', trace: 9_000, first, size: 300, text: '' }
    await this.#keeper.intake.take('traces', encodeNumbered(batch), { kind: 'otlp' })
  }

  /** @returns undefined if the answer is an error, which must have a code */
  async #ask<T>(what: string, work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (err) {
      this.told++
      if (!isClear(err)) this.problems.push(`${what} falls over: ${describe(err)}`)
      return undefined
    }
  }

  #numbers(signal: string, trace?: number): readonly number[] {
    return this.#sent
      .filter((batch) => batch.signal === signal && (trace === undefined || batch.trace === trace))
      .flatMap(numbersOf)
      .map(({ n }) => n)
  }
}

/**
 * As the store thread tells it to the rest of the agent: what SQLite throws has a code of ours there. A trace of which every
 * chunk is damaged is answered with that.
 */
export function isClear(err: unknown): boolean {
  return codeOf(err) === 'TRACE_UNREADABLE' || /^(?:STORE|AUDIT)_/.test(codeOf(toStoreError(err)))
}

function numbersOf({ signal, first, size }: NumberedBatch) {
  return Array.from({ length: size }, (_, i) => ({ signal, n: first + i }))
}

function describe(err: unknown): string {
  return String(err instanceof Error ? err.stack : err)
}
