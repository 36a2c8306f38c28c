/**
 * A process that sends OTLP as fast as it is taken, or at a pace: `load-generator.ts JOB`, with a {@link LoadJob} as JSON.
 * Prints a line of JSON when the measured part begins, and a {@link LoadResult} when it is over. It shares the cores with
 * what it measures, so exports are made before and only changed in place (span-template.ts).
 */
import { beginOf, type BatchTimes } from './support/batch-times.ts'
import { pause } from './support/until.ts'
import { encodedWords, LogTemplate, type LogPlan } from './support/log-template.ts'
import { percentile } from './support/measure.ts'
import { postHead, RawHttp, type RawAnswer } from './support/raw-http.ts'
import { SpanTemplate, type SpanPlan, type Template } from './support/span-template.ts'

export interface LoadJob {
  /** Base URL of an OTLP receiver. */
  readonly url: string
  readonly what: ({ readonly lane: 'traces' } & SpanPlan) | ({ readonly lane: 'logs' } & LogPlan)
  /** Exports on their way at once, a connection each. */
  readonly inFlight: number
  readonly firstBatch: number
  readonly warmUpBatches: number
  readonly batches: number
  /** Ends the measured part after so long, even if there are exports left. */
  readonly forMs?: number
  /** When records begin. Without it they begin as they are sent. */
  readonly times?: BatchTimes
  /** Records to send each second. Without it as many as are taken. */
  readonly recordsPerS?: number
}

export interface LoadResult {
  /** Acknowledged in the measured part. */
  readonly records: number
  /** Acknowledged in all, to warm up included. */
  readonly acknowledged: number
  /** Number of the first export that was not sent: another job may go on there. */
  readonly nextBatch: number
  readonly recordsPerS: number
  readonly ackP50Ms: number
  readonly ackP99Ms: number
  readonly ackMaxMs: number
  /** Answers 503; each was followed by another try after the pause that it asked for. */
  readonly busy: number
  /** Connections that broke, and any answer but 200 and 503. The export was sent again only after a broken connection. */
  readonly errors: number
  /** Answers 200 that said that records were rejected. */
  readonly partial: number
}

/** Exports that differ in more than ids, times and words, for each connection. */
const VARIANTS_PER_CONNECTION = 16
/** Most variants of all connections together: they take 180 KB each. */
const MAX_VARIANTS = 256

class Load {
  readonly #job: LoadJob
  readonly #url: URL
  readonly #acks: number[] = []
  #next: number
  #busy = 0
  #errors = 0
  #partial = 0

  constructor(job: LoadJob) {
    this.#job = job
    this.#url = new URL(`/v1/${job.what.lane}`, job.url)
    this.#next = job.firstBatch
  }

  async run(): Promise<LoadResult> {
    const { warmUpBatches, batches, firstBatch, forMs } = this.#job
    const senders = makeTemplates(this.#job)
    const sendUpTo = (end: number, untilMs: number): Promise<unknown> =>
      Promise.all(senders.map((own) => this.#sendAll(own, end, untilMs)))
    await sendUpTo(firstBatch + warmUpBatches, Number.POSITIVE_INFINITY)
    const warmUps = this.#acks.splice(0).length
    this.#busy = 0
    process.stdout.write('{}\n')
    const startedMs = performance.now()
    await sendUpTo(firstBatch + warmUpBatches + batches, startedMs + (forMs ?? Number.POSITIVE_INFINITY))
    const tookS = (performance.now() - startedMs) / 1000
    const perBatch = senders[0]?.[0]?.records ?? 0
    const records = this.#acks.length * perBatch
    return {
      records,
      acknowledged: records + warmUps * perBatch,
      nextBatch: this.#next,
      recordsPerS: records / tookS,
      ackP50Ms: percentile(this.#acks, 50),
      ackP99Ms: percentile(this.#acks, 99),
      ackMaxMs: percentile(this.#acks, 100),
      busy: this.#busy,
      errors: this.#errors,
      partial: this.#partial,
    }
  }

  async #sendAll(own: readonly Template[], end: number, untilMs: number): Promise<void> {
    const { times, what } = this.#job
    const paceFromMs = performance.now()
    const firstOfPace = this.#next
    let connection = await RawHttp.open(this.#url)
    while (this.#next < end && performance.now() < untilMs) {
      const batch = this.#next++
      const template = own[batch % own.length] as Template
      await this.#untilDue(batch - firstOfPace, paceFromMs, template.records)
      template.become(batch, times ? beginOf(batch, what, times) : Date.now())
      const startedMs = performance.now()
      const head = postHead(this.#url, template.body.length)
      for (;;) {
        const answer = await connection.exchange(head, template.body).catch(() => undefined)
        if (answer === undefined) connection = await RawHttp.open(this.#url)
        const pauseMs = this.#judge(answer, startedMs)
        if (pauseMs === undefined) break
        await pause(pauseMs)
      }
    }
    connection.close()
  }

  async #untilDue(batch: number, fromMs: number, records: number): Promise<void> {
    const { recordsPerS } = this.#job
    if (recordsPerS === undefined) return
    const waitMs = fromMs + ((batch * records) / recordsPerS) * 1000 - performance.now()
    if (waitMs > 0) await pause(waitMs)
  }

  /** @returns how long to wait before the same is sent again, or nothing if that is settled */
  #judge(answer: RawAnswer | undefined, startedMs: number): number | undefined {
    if (answer?.status === 200) {
      this.#acks.push(performance.now() - startedMs)
      if (answer.bodyBytes > 0) this.#partial++
      return undefined
    }
    if (answer?.status === 503) {
      this.#busy++
      return answer.retryAfterMs
    }
    this.#errors++
    return answer === undefined ? 0 : undefined
  }
}

/** As many lists as there are connections. A template serves every n-th export, and its service must be the n-th too. */
function makeTemplates({ what, inFlight }: LoadJob): readonly (readonly Template[])[] {
  const { services } = what
  const wanted = Math.min(VARIANTS_PER_CONNECTION, Math.ceil(MAX_VARIANTS / inFlight))
  const each = Math.ceil(wanted / services.length) * services.length
  const words = what.lane === 'logs' ? encodedWords() : []
  return Array.from({ length: inFlight }, (_, connection) =>
    Array.from({ length: each }, (__, i) => {
      const variant = connection * each + i
      return what.lane === 'logs' ? new LogTemplate(what, variant, words) : new SpanTemplate(what, variant)
    }),
  )
}

if (import.meta.main) {
  const result = await new Load(JSON.parse(process.argv[2] as string) as LoadJob).run()
  process.stdout.write(`${JSON.stringify(result)}\n`)
}
