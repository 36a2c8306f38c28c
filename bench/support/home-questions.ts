/** What is asked of a filled home: each question times once, in milliseconds, with what its answer must hold. */
import type { TraceList, TraceView } from '../../src/agent/http-types/traces.ts'
import type { Device } from './device.ts'
import { SPAN_PLAN, LOG_PLAN, type Filled } from './filled-home.ts'
import { mix, traceIdOf } from './id-plan.ts'
import { wordOf } from './log-template.ts'
import { sessionOf, SESSIONS, tracesPerGroup } from './span-template.ts'

/** Times of each kind of question; none where the agent has no such route. */
export interface Answers {
  readonly traceCold: readonly number[]
  readonly trace: readonly number[]
  readonly search: readonly number[]
  readonly newest: readonly number[]
  readonly rareWord: readonly number[]
  readonly mediumWord: readonly number[]
  readonly commonWord: readonly number[]
}

const TRACES = 200
const SEARCHES = 60
const LISTS = 40
const WORDS_EACH = 20
const SUMMARIES = 20
const NEWEST = 100
const LINES = 100
const WEEK_MS = 7 * 86_400_000
/** Ranks of words: in every thirtieth line, in some 3,000 and in some 40 of ten million. */
const COMMON = 2
const MEDIUM = 600
const RARE = 40_000

interface Question {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
  /** @throws if the answer is not right: a fast wrong one is worth nothing */
  readonly check: (json: unknown) => void
}

export async function askHome(device: Device, filled: Filled): Promise<Answers> {
  const traces = Array.from({ length: TRACES }, (_, i) => traceQuestion(filled, mix(i, 1)))
  return {
    traceCold: await askAll(device, traces),
    trace: await askAll(device, traces),
    search: await askAll(
      device,
      questions(SEARCHES, (i) => searchQuestion(filled, i)),
    ),
    newest: await askAll(device, questions(LISTS, newestQuestion)),
    rareWord: await askAll(
      device,
      questions(WORDS_EACH, (i) => wordQuestion(RARE + 17 * i)),
    ),
    mediumWord: await askAll(
      device,
      questions(WORDS_EACH, (i) => wordQuestion(MEDIUM + i)),
    ),
    commonWord: await askAll(
      device,
      questions(WORDS_EACH, (i) => wordQuestion(COMMON + i)),
    ),
  }
}

/** One after the other. @returns nothing if the agent does not know the route */
async function askAll(device: Device, asked: readonly Question[]): Promise<readonly number[]> {
  const times: number[] = []
  for (const { method, path, body, check } of asked) {
    const startedMs = performance.now()
    const { status, json } = await device.ask(method, path, body)
    const tookMs = performance.now() - startedMs
    if (status === 404 && isUnknownRoute(json())) {
      process.stderr.write(`not measured: the agent has no ${method} ${path}\n`)
      return []
    }
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(json())}`)
    check(json())
    times.push(tookMs)
  }
  return times
}

function isUnknownRoute(json: unknown): boolean {
  return (json as { readonly error?: { readonly code?: string } }).error?.code === 'HTTP_NOT_FOUND'
}

function questions(count: number, make: (i: number) => Question): readonly Question[] {
  return Array.from({ length: count }, (_, i) => make(i))
}

function traceQuestion({ batches }: Filled, random: number): Question {
  const { spansPerBatch, servicesPerTrace, seed } = SPAN_PLAN
  const perGroup = tracesPerGroup(SPAN_PLAN)
  const trace = random % ((batches / servicesPerTrace) * perGroup)
  const inGroup = trace % perGroup
  const wanted = servicesPerTrace * (Math.floor(spansPerBatch / perGroup) + Number(inGroup < spansPerBatch % perGroup))
  return {
    method: 'GET',
    path: `/v1/traces/${traceIdOf(seed, trace)}`,
    check: (json) => requireCount('spans', (json as TraceView).spans.length, wanted),
  }
}

function searchQuestion({ startUnixMs, stepMs, batches, spans }: Filled, i: number): Question {
  const sinceUnixMs = Math.floor(startUnixMs + (mix(i, 2) / 2 ** 32) * (batches * stepMs - WEEK_MS))
  const where = [
    { attribute: 'session.id', op: '=', value: sessionOf(mix(i, 3) % SESSIONS) },
    { field: 'duration', op: '>', value: '300ms' },
  ]
  // A trial with fewer spans has fewer in a session.
  const least = spans >= 10_000_000 ? SUMMARIES : 0
  return {
    method: 'POST',
    path: '/v1/search/traces',
    body: { where, sinceUnixMs, untilUnixMs: sinceUnixMs + WEEK_MS, limit: SUMMARIES },
    check: (json) => requireCount('summaries', (json as TraceList).traces.length, least, SUMMARIES),
  }
}

function newestQuestion(): Question {
  return {
    method: 'GET',
    path: `/v1/traces?limit=${NEWEST}`,
    check: (json) => requireCount('summaries', (json as TraceList).traces.length, NEWEST),
  }
}

function wordQuestion(rank: number): Question {
  const word = wordOf(rank)
  return {
    method: 'POST',
    path: '/v1/search/logs',
    body: { filter: word, limit: LINES },
    check: (json) => {
      const text = JSON.stringify(json)
      if (!text.includes(word)) throw new Error(`no line with the word of rank ${rank}, seed ${LOG_PLAN.seed}`)
    },
  }
}

function requireCount(what: string, count: number, least: number, most = least): void {
  if (count < least || count > most) throw new Error(`${count} ${what} instead of ${least} to ${most}`)
}
