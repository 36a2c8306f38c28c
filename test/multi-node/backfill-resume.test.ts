/**
 * A device that is killed in the middle of receiving a long history resumes where it was: every segment kept is a resume
 * point, and at the end it has everything once, and nothing more to say.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AgentLab, inStep, meetAgain, pair, type TestAgent } from '../support/agents.ts'
import { newSpan, newTraceId, type TestSpan } from '../support/otlp-spans.ts'
import { waitFor } from '../support/wait-for.ts'
import { FrameTap } from './frame-tap.ts'
import { withStore } from './home-search.ts'

const SPANS = 10_000
const SERVICES = 4
/** With the next constant: more than a full segment an export, so that there are hundreds, which take a while to move. */
const SPANS_PER_EXPORT = 40
const ATTRIBUTE_BYTES = 1_024

const lab = new AgentLab()
const tapFile = join(lab.folder, 'viewer.tap')
const traceId = newTraceId()
const spanIds = new Set<string>()
let owner: TestAgent
let viewer: TestAgent

beforeAll(async () => {
  ;[owner, viewer] = await Promise.all([lab.device('owner'), lab.device('viewer', { tapFile })])
  await pair(owner, viewer)
  await Promise.all(Array.from({ length: SERVICES }, (_, i) => recordHistory(`service-${i}`)))
})
afterAll(() => lab.close())

async function recordHistory(service: string): Promise<void> {
  for (let left = SPANS / SERVICES; left > 0;) {
    const spans = Array.from({ length: Math.min(left, SPANS_PER_EXPORT) }, newNoisySpan)
    for (const { spanId } of spans) spanIds.add(spanId)
    await owner.record(service, spans)
    left -= spans.length
  }
}

function newNoisySpan(): TestSpan {
  return newSpan({ traceId, attributes: { noise: randomBytes(ATTRIBUTE_BYTES).toString('hex') } })
}

test('[RC3] a viewer killed in the middle of a backfill of 10,000 spans resumes and ends complete', async () => {
  await owner.grant({ to: viewer, sinceUnixMs: 0 })
  const { segments: total, records } = (await owner.status()).store
  expect(records).toBe(SPANS)
  await waitFor('the backfill to be under way', async () => (await viewer.status()).store.segments > 0)
  await viewer.end('SIGKILL')
  const kept = await withStore(viewer.home, (db) =>
    db.prepare<[], number>('SELECT count(*) FROM segment').pluck().get(),
  )
  expect(kept).toBeGreaterThan(0)
  expect(kept).toBeLessThan(total)

  const sinceUnixMs = Date.now()
  await viewer.start()
  await inStep(viewer, owner, sinceUnixMs)
  expect((await viewer.peer(owner))?.segmentsIn).toBe(total - Number(kept))
  expect((await viewer.status()).store).toMatchObject({ segments: total, records: SPANS })

  const trace = await viewer.trace(traceId)
  expect(trace).toMatchObject({ complete: true, gaps: [], unreadableChunks: 0, omittedSpans: 0 })
  expect(trace?.devices).toMatchObject([{ deviceId: owner.deviceId, spans: SPANS, verified: SPANS }])
  expect(trace?.spans).toHaveLength(SPANS)
  expect(new Set(trace?.spans.map(({ spanId }) => spanId))).toEqual(spanIds)
})

test('[RC2] when both hold the same, a second sync ends with equal digests and moves nothing', async () => {
  const before = FrameTap.read(tapFile)
  await meetAgain(viewer, owner)

  expect(await viewer.peer(owner)).toMatchObject({ segmentsIn: 0, bytesIn: 0 })
  expect(await owner.peer(viewer)).toMatchObject({ segmentsOut: 0, bytesOut: 0 })
  const types = FrameTap.read(tapFile).since(before).types()
  expect(types).toContain('in-sync')
  for (const type of ['heads', 'want', 'segment'] as const) expect(types).not.toContain(type)
})
