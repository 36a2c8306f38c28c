/**
 * The index of a store of ten million spans: what it costs to add 20,000 segments, all merging included, what it weighs, and how
 * fast a key is found. The raw limit is what the store had before: a row for each key and segment, sorted by key.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { openEncrypted, PAGE_BYTES, type Database } from '../src/store/open-encrypted.ts'
import { PostingIndex } from '../src/store/postings/posting-index.ts'
import { POSTING_SCHEMA } from '../src/store/postings/posting-schema.ts'
import { percentile, type Measure, type Unit } from './support/measure.ts'
import * as plan from './support/posting-plan.ts'

export const name = 'postings'
export const what =
  'Postings of 20,000 segments, 512 spans each: 80 traces, 100 tokens of their own and 500 that all have, added 8 segments a ' +
  'transaction, with one step of upkeep after each. The raw limit is a row for each of the 80 traces alone, in a table WITHOUT ' +
  'ROWID by key and segment, of the first 5,000 segments: the tokens would be seven times as many rows.'

const SEGMENTS = 20_000
const RAW_SEGMENTS = 5_000
const SEGMENTS_OF_COMMIT = 8
/** Segments made at a time, outside of what is measured. */
const CHUNK = 256
const LOOKUPS = 1_000
const UNIQUE_OF_SEGMENT = plan.TRACES_OF_SEGMENT + plan.UNIQUE_TOKENS

type Planned = ReturnType<typeof plan.planSegment> & { readonly segment: number }

export function run(): Promise<readonly Measure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'postings-'))
  const key = new Uint8Array(32).fill(3)
  try {
    const rawDb = openEncrypted(join(folder, 'raw.db'), key)
    const raw = buildRaw(rawDb)
    const db = openEncrypted(join(folder, 'postings.db'), key)
    const ours = buildOurs(db)
    const before = heldBytes()
    const index = openIndex(db)
    const started = warmUp(index)
    const found = findings(index, rawDb)
    const memoryMB = (heldBytes() - before) / 1e6
    const memory: Measure = { label: 'memory of the index', unit: 'MB', better: 'lower', ours: memoryMB, goal: 10 }
    if (index.stats().parts === 0) throw new Error('nothing was merged')
    return Promise.resolve([...ours(raw), started, ...found, memory])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Cost {
  readonly cpuUs: number
  readonly wallMs: number
  readonly bytes: number
}

function buildRaw(db: Database): Cost {
  db.exec('CREATE TABLE posting (key INTEGER, segment INTEGER, PRIMARY KEY (key, segment)) WITHOUT ROWID')
  const insert = db.prepare('INSERT INTO posting VALUES (?, ?)')
  const cost = addAll(db, RAW_SEGMENTS, ({ segment, traces }) => {
    for (const key of traces) insert.run(key, segment)
  })
  return { cpuUs: cost.cpuUs / RAW_SEGMENTS, wallMs: cost.wallMs / RAW_SEGMENTS, bytes: sizeOf(db) / RAW_SEGMENTS }
}

function openIndex(db: Database): PostingIndex {
  return new PostingIndex(db, { nextLive: (from) => (from <= SEGMENTS ? from : undefined) })
}

/** @returns what it cost, beside the raw limit */
function buildOurs(db: Database): (raw: Cost) => readonly Measure[] {
  db.exec(POSTING_SCHEMA)
  const index = openIndex(db)
  const stepsMs: number[] = []
  const step = (): boolean => {
    const startedUs = cpuUs()
    const isMore = index.mergeStep()
    if (isMore) stepsMs.push((cpuUs() - startedUs) / 1000)
    return isMore
  }
  const cost = addAll(db, SEGMENTS, ({ segment, traces, tokens }) => index.add(segment, { traces, tokens }), step)
  const startedUs = cpuUs()
  while (step());
  const perSegment = (cost.cpuUs + cpuUs() - startedUs) / SEGMENTS
  const { blockBytes } = index.stats()
  const lower = (label: string, unit: Unit, ours: number, more: Partial<Measure> = {}): Measure => ({
    label,
    unit,
    better: 'lower',
    ours,
    ...more,
  })
  return (raw) => [
    lower('a segment added and merged, processor', 'us', perSegment, {
      raw: { label: 'rows of its traces', value: raw.cpuUs },
      goal: 100,
    }),
    lower('a segment added and merged, wall', 'ms', cost.wallMs / SEGMENTS, {
      raw: { label: 'rows of its traces', value: raw.wallMs },
    }),
    lower('step of upkeep, processor, 50 of 100', 'ms', percentile(stepsMs, 50)),
    lower('step of upkeep, processor, 90 of 100', 'ms', percentile(stepsMs, 90), { goal: 5 }),
    lower('step of upkeep and a checkpoint, processor, longest', 'ms', Math.max(...stepsMs)),
    lower('on disk, a segment', 'B', sizeOf(db) / SEGMENTS, { raw: { label: 'rows of its traces', value: raw.bytes } }),
    lower('blocks, a unique posting', 'B', blockBytes / (SEGMENTS * UNIQUE_OF_SEGMENT), { goal: 6 }),
  ]
}

/** What a start leaves to upkeep. */
function warmUp(index: PostingIndex): Measure {
  const startedUs = cpuUs()
  while (index.mergeStep());
  return {
    label: 'filters made after a start, processor',
    unit: 'ms',
    better: 'lower',
    ours: (cpuUs() - startedUs) / 1000,
  }
}

/** @param upkeep after each commit */
function addAll(db: Database, segments: number, add: (planned: Planned) => void, upkeep?: () => void) {
  const commit = db.transaction((planned: readonly Planned[]) => planned.forEach(add))
  let [cpu, wallMs] = [0, 0]
  for (let first = 1; first <= segments; first += CHUNK) {
    const count = Math.min(CHUNK, segments - first + 1)
    const planned = Array.from({ length: count }, (_, i) => ({ segment: first + i, ...plan.planSegment(first + i) }))
    const [startedUs, startedMs] = [cpuUs(), performance.now()]
    for (let at = 0; at < count; at += SEGMENTS_OF_COMMIT) {
      commit(planned.slice(at, at + SEGMENTS_OF_COMMIT))
      upkeep?.()
    }
    cpu += cpuUs() - startedUs
    wallMs += performance.now() - startedMs
  }
  return { cpuUs: cpu, wallMs }
}

function findings({ tokens, traces }: PostingIndex, rawDb: Database): readonly Measure[] {
  const segment = (i: number): number => 1 + ((i * 7919) % SEGMENTS)
  const select = rawDb.prepare('SELECT segment FROM posting WHERE key = ?').pluck()
  const raw = timesMs((i) => select.all(plan.uniqueTrace(1 + (segment(i) % RAW_SEGMENTS), 5)).length, 1)
  const asked: readonly (readonly [string, number, (i: number) => number, goal?: number])[] = [
    ['a token of one segment', 1, (i) => tokens.find(plan.uniqueToken(segment(i), 3)).length, 1],
    ['a trace of one segment', 1, (i) => traces.find(plan.uniqueTrace(segment(i), 5)).length, 1],
    ['a token of 200 segments', 200, () => tokens.find(plan.HUNDREDTH).length],
    ['a token of all', SEGMENTS, (i) => tokens.find(plan.sharedToken(i)).length],
    [
      'a token of all and one of one',
      1,
      (i) => tokens.findAll([[plan.sharedToken(i)], [plan.uniqueToken(segment(i), 3)]]).length,
    ],
    ['newest 20 of three tokens of all', 20, (i) => newest(tokens, [i, i + 1, i + 2], 20)],
  ]
  return asked.flatMap(([label, expected, find, goal]) => {
    const times = timesMs(find, expected)
    const of = (percent: number): Measure => ({
      label: `${label}, ${percent} of 100`,
      unit: 'ms',
      better: 'lower',
      ours: percentile(times, percent),
      ...(expected === 1 ? { raw: { label: 'row of a trace, in memory', value: percentile(raw, percent) } } : {}),
      ...(goal === undefined ? {} : { goal }),
    })
    return [of(50), of(95)]
  })
}

function newest(tokens: PostingIndex['tokens'], shared: readonly number[], count: number): number {
  const groups = shared.map((i) => [plan.sharedToken(i)])
  let found = 0
  for (const _segment of tokens.newest(groups)) if (++found >= count) break
  return found
}

/** @throws unless as many are found as there are */
function timesMs(find: (i: number) => number, expected: number): readonly number[] {
  return Array.from({ length: LOOKUPS }, (_, i) => {
    const startedMs = performance.now()
    const found = find(i)
    const ms = performance.now() - startedMs
    if (found < expected) throw new Error(`found ${found} segments of ${expected}`)
    return ms
  })
}

/** What is reachable. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let i = 0; i < 3; i++) collect() // what is freed may free more
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Pages in use, those that were given back left out. */
function sizeOf(db: Database): number {
  const pages = (pragma: string): number => db.pragma(pragma, { simple: true }) as number
  return (pages('page_count') - pages('freelist_count')) * PAGE_BYTES
}

/** Processor time of this thread: others at work make waits longer, not this. */
function cpuUs(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}
