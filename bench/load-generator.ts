/**
 * A process of the ingest benchmark: posts spans to an OTLP endpoint, many exports at once, first some to warm up.
 * `load-generator.ts URL`. Prints a line of JSON when the measured part begins, and one with what it measured.
 */
import { Agent, request } from 'node:http'
import { percentile } from './support/measure.ts'
import { makeBatches, type Batch } from './support/spans.ts'

/** Exports on their way at once. */
export const IN_FLIGHT = 16
export const MEASURED_SPANS = 102_400
const WARM_UP_SPANS = 20_480

export interface LoadResult {
  readonly spansPerS: number
  readonly ackP50Ms: number
  readonly ackP99Ms: number
}

if (import.meta.main) {
  const url = new URL('/v1/traces', process.argv[2])
  const warmUp = makeBatches(WARM_UP_SPANS)
  const measured = makeBatches(MEASURED_SPANS)
  await postAll(url, warmUp)
  process.stdout.write('{}\n')
  const startedMs = performance.now()
  const acks = await postAll(url, measured)
  const tookS = (performance.now() - startedMs) / 1000
  const result: LoadResult = {
    spansPerS: MEASURED_SPANS / tookS,
    ackP50Ms: percentile(acks, 50),
    ackP99Ms: percentile(acks, 99),
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

/** @returns milliseconds from sending to the acknowledgement, of each export */
async function postAll(url: URL, batches: readonly Batch[]): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT })
  const queue = batches.values()
  const acks: number[] = []
  const sender = async (): Promise<void> => {
    for (const { body } of queue) {
      const startedMs = performance.now()
      await postOne(url, agent, body)
      acks.push(performance.now() - startedMs)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, sender))
  agent.destroy()
  return acks
}

function postOne(url: URL, agent: Agent, body: Uint8Array): Promise<void> {
  const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', agent, headers }, (answer) => {
      answer.resume()
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve() : reject(new Error(`answered ${answer.statusCode}`)),
      )
    })
    call.on('error', reject)
    call.end(body)
  })
}
