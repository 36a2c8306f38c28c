/** Asks an agent, page by page to the end, and holds what it finds against what a question wants: no more, and no fewer. */
import type { StatisticsList } from '../../../src/agent/http-types/search.ts'
import type { LogLine, LogList, Looked, TraceList } from '../../../src/agent/http-types/traces.ts'
import type { Device } from '../../../bench/support/device.ts'
import type { Question } from './question.ts'
import { RecordSet } from './record-set.ts'
import type { SourceRecord } from './source-record.ts'

/** Largest pages there are (docs/spec/search.md SQ5). */
const TRACES_A_PAGE = 1_000
const LOGS_A_PAGE = 5_000
/** Most groups of one answer. */
const GROUPS = 5_000
/** The longest that may be asked for: whether it is found is the question here, not how soon. */
const TIMEOUT_MS = 120_000

export class Asking {
  readonly failures: string[] = []
  searches = 0
  requests = 0
  slowestMs = 0
  slowest = ''
  readonly #device: Device

  constructor(device: Device) {
    this.#device = device
  }

  /** Traces with a span that matches, each once; and how many spans do. A span's number is its place in `spans`. */
  async spans(question: Question, spans: readonly SourceRecord[]): Promise<void> {
    const { filter, sinceUnixMs, untilUnixMs, wanted } = question
    const conditions = { filter, sinceUnixMs, untilUnixMs }
    const found = new Counted()
    this.searches++
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await this.#ask<TraceList>('traces', { ...conditions, limit: TRACES_A_PAGE, cursor }, question)
      for (const { traceId } of page.traces) found.add(traceId)
      ;({ cursor } = page)
    }
    const { statistics, others } = await this.#ask<StatisticsList>(
      'statistics',
      { ...conditions, limit: GROUPS },
      question,
    )
    const count = statistics.reduce((sum, each) => sum + each.spans, others.spans)
    if (count !== wanted.size) this.#fail(question, `${count} spans instead of ${wanted.size}`)
    const traces = new Set<unknown>()
    for (const number of wanted.numbers()) traces.add(spans[number]?.traceId)
    this.#judge(question, found, traces)
  }

  /** Log records that match, each once. */
  async logs(question: Question, numberOf: (line: LogLine) => number | undefined): Promise<void> {
    const { filter, sinceUnixMs, untilUnixMs, wanted } = question
    const found = new RecordSet()
    let [tooMany, twice] = [0, 0]
    this.searches++
    for (let cursor: string | null | undefined; cursor !== null;) {
      const query = { filter, sinceUnixMs, untilUnixMs, limit: LOGS_A_PAGE, cursor }
      const { logs, older } = await this.#ask<LogList>('logs', query, question)
      for (const line of logs) {
        const number = numberOf(line)
        if (number === undefined || !wanted.has(number)) tooMany++
        else if (!found.add(number)) twice++
      }
      cursor = older
    }
    this.#tell(question, { missing: wanted.size - found.size, tooMany, twice, wanted: wanted.size })
  }

  /** Any other request. */
  call<T>(path: string): Promise<T> {
    this.requests++
    return this.#device.call<T>('GET', path)
  }

  async #ask<T extends { readonly looked: Looked }>(what: string, query: object, question: Question): Promise<T> {
    this.requests++
    const began = performance.now()
    const answer = await this.#device.call<T>('POST', `/v1/search/${what}`, { ...query, timeoutMs: TIMEOUT_MS })
    const tookMs = performance.now() - began
    if (tookMs > this.slowestMs) [this.slowestMs, this.slowest] = [tookMs, `${what} ${describe(question)}`]
    const { cut, unreadable } = answer.looked
    if (cut !== null || unreadable > 0) this.#fail(question, `cut: ${cut}, unreadable: ${unreadable}`)
    return answer
  }

  #judge(question: Question, found: Counted, wanted: ReadonlySet<unknown>): void {
    const missing = [...wanted].filter((each) => !found.has(each)).length
    const tooMany = found.size - (wanted.size - missing)
    this.#tell(question, { missing, tooMany, twice: found.twice, wanted: wanted.size })
  }

  #tell(question: Question, { missing, tooMany, twice, wanted }: Readonly<Record<string, number>>): void {
    if (missing === 0 && tooMany === 0 && twice === 0) return
    this.#fail(question, `of ${wanted} ${missing} are missing, ${tooMany} are too many, ${twice} came twice`)
  }

  #fail(question: Question, problem: string): void {
    this.failures.push(`${describe(question)}: ${problem}`)
  }
}

class Counted extends Set<unknown> {
  twice = 0

  override add(value: unknown): this {
    if (this.has(value)) this.twice++
    return super.add(value)
  }
}

function describe({ filter, sinceUnixMs, untilUnixMs }: Question): string {
  const range = sinceUnixMs === undefined ? '' : ` from ${sinceUnixMs} to ${untilUnixMs}`
  return `${filter}${range}` || 'everything'
}
