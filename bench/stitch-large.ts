/** A very large trace assembled from the chunks of five devices: time against the bare decode, longest step, memory. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { nodeCrypto } from '../src/platform/node-crypto.ts'
import { stitchTrace } from '../src/query/stitch-trace.ts'
import type { ChunkRef, MeshKnowledge, TraceSource } from '../src/query/trace-source.ts'
import { decodeSpans } from '../src/wire/otlp/decode-traces.ts'
import { makeLargeTrace, type LargeChunk, type LargeTrace } from './support/large-trace.ts'
import { percentile, type Measure } from './support/measure.ts'

export const name = 'stitch-large'
export const what =
  'A trace of 50,000 spans in chunks of five devices, as many spans of other traces among them, assembled, ordered and made JSON ' +
  'in the steps that the store thread takes; chunks are in memory. The raw limit decodes the 50,000 spans alone into objects.'

const SPANS = 50_000
const DEVICES = 5
const ROUNDS = 7
/** The promise, in milliseconds. */
const GOAL_MS = 400
/** Others wait for one step of a query at most, in milliseconds. */
const GOAL_STEP_MS = 5

export function run(): Promise<readonly Measure[]> {
  const trace = makeLargeTrace(SPANS, DEVICES)
  const bare = rounds(() => timed(stitch(trace, false)))
  const full = rounds(() => timed(stitch(trace, true)))
  const raw = { label: 'decode alone', value: percentile(rounds(() => decodeAlone(trace)), 50) } // prettier-ignore
  return Promise.resolve([
    { label: '50,000 spans, median', unit: 'ms', better: 'lower', ours: medianOf(bare), raw, goal: GOAL_MS },
    { label: 'with attributes, median', unit: 'ms', better: 'lower', ours: medianOf(full), raw },
    { label: 'longest step', unit: 'ms', better: 'lower', ours: longestStepOf(bare), goal: GOAL_STEP_MS },
    {
      label: 'longest step with attributes',
      unit: 'ms',
      better: 'lower',
      ours: longestStepOf(full),
      goal: GOAL_STEP_MS,
    },
    { label: 'JSON of the answer', unit: 'MB', better: 'lower', ours: (bare[0] as Timed).bytes / 1e6 },
    { label: 'most memory held', unit: 'MB', better: 'lower', ours: memoryOf(stitch(trace, false)) / 1e6 },
    {
      label: 'most memory held, with attributes',
      unit: 'MB',
      better: 'lower',
      ours: memoryOf(stitch(trace, true)) / 1e6,
    },
  ])
}

type Answer = ReturnType<typeof stitchTrace>

function stitch(trace: LargeTrace, attributes: boolean): Answer {
  return stitchTrace(trace.traceId, depsOf(trace), { attributes })
}

/** Results of as many rounds, after one to warm up. */
function rounds<T>(once: () => T): readonly T[] {
  return Array.from({ length: ROUNDS + 1 }, once).slice(1)
}

function depsOf({ devices, chunks }: LargeTrace) {
  const members = devices.map((deviceId, i) => ({
    deviceId,
    name: `device ${i}`,
    connected: true,
    grantsTraces: true,
    pendingSegments: 0,
    syncedThroughUnixMs: 0,
    clock: { offsetMs: i * 20, errorMs: 3 },
    clockHistory: [],
  }))
  const knowledge: MeshKnowledge = { self: devices[0] as (typeof devices)[number], members }
  const source: Pick<TraceSource, 'chunksOf'> = {
    // oxlint-disable-next-line eslint/require-yield -- they are at hand
    *chunksOf() {
      return { chunks: chunks.map(refOf), first: undefined, spans: SPANS, lost: [] }
    },
  }
  return { source, knowledge, sha256: (bytes: Uint8Array) => nodeCrypto.sha256(bytes) }
}

function refOf(chunk: LargeChunk): ChunkRef {
  const { deviceId, spans, earliestUnixNano, latestUnixNano } = chunk
  return {
    deviceId,
    records: spans,
    rawBytes: chunk.payload.length,
    earliestUnixNano,
    latestUnixNano,
    *open() {
      yield
      return chunk
    },
  }
}

interface Timed {
  readonly tookMs: number
  readonly stepsMs: readonly number[]
  readonly bytes: number
}

function timed(answer: Answer): Timed {
  const startedMs = performance.now()
  const stepsMs: number[] = []
  for (let stepMs = startedMs; ;) {
    const step = answer.next()
    const nowMs = performance.now()
    stepsMs.push(nowMs - stepMs)
    stepMs = nowMs
    if (step.done !== true) continue
    const parts = step.value ?? []
    return { tookMs: nowMs - startedMs, stepsMs, bytes: parts.reduce((sum, part) => sum + part.length, 0) }
  }
}

function medianOf(all: readonly Timed[]): number {
  return percentile(
    all.map(({ tookMs }) => tookMs),
    50,
  )
}

/** The steps are the same in each round: of each the median, so that what else the machine does is no step of ours. */
function longestStepOf(all: readonly Timed[]): number {
  const [first] = all as readonly [Timed, ...Timed[]]
  const medians = first.stepsMs.map((_, step) =>
    percentile(
      all.map(({ stepsMs }) => stepsMs[step] as number),
      50,
    ),
  )
  return Math.max(...medians)
}

/** Heap and buffers beyond what was there before, at their most, rubbish not counted; in a round of its own. */
function memoryOf(answer: Answer): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = (): number => {
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = held()
  let most = 0
  for (let step = 1; answer.next().done !== true; step++) {
    if (step % STEPS_PER_SAMPLE === 0) most = Math.max(most, held() - before)
  }
  return Math.max(most, held() - before)
}

/** Steps between two looks at the memory: each collects all rubbish first. */
const STEPS_PER_SAMPLE = 50

function decodeAlone({ chunks }: LargeTrace): number {
  const startedMs = performance.now()
  const spans = chunks.flatMap(({ ownSpans }) => decodeSpans(ownSpans))
  if (spans.length !== SPANS) throw new Error(`${spans.length} spans of ${SPANS}`)
  return performance.now() - startedMs
}
