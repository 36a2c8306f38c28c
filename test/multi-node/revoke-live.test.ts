/**
 * A grant's window while records stream: what it names arrives, and what comes after its end, before its beginning or
 * from another module never does.
 */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { AgentLab, grantsOf, meetAgain, pair, shows, type TestAgent } from '../support/agents.ts'
import { newSpan, newTraceId } from '../support/otlp-spans.ts'
import { waitFor } from '../support/wait-for.ts'
import { HomeSearch } from './home-search.ts'

const lab = new AgentLab()
let owner: TestAgent
let viewer: TestAgent

beforeAll(async () => {
  ;[owner, viewer] = await Promise.all([lab.device('owner'), lab.device('viewer')])
  await pair(owner, viewer)
})
afterEach(async () => {
  const live = (await grantsOf(owner)).filter(({ state }) => state === 'active')
  await Promise.all(live.map(({ grantId }) => owner.revoke(grantId)))
})
afterAll(() => lab.close())

interface SpanStream {
  readonly traceId: string
  /** Ids in the order of their acknowledgements. */
  readonly acknowledged: readonly string[]
  /** Resolves when so many more spans have been acknowledged. */
  more(count: number): Promise<unknown>
  stop(): Promise<void>
}

/** One span after another, as fast as they are acknowledged. */
function stream(service: string): SpanStream {
  const traceId = newTraceId()
  const acknowledged: string[] = []
  const stopping = new AbortController()
  const ended = (async () => {
    while (!stopping.signal.aborted) {
      const span = newSpan({ traceId })
      await owner.record(service, [span])
      acknowledged.push(span.spanId)
    }
  })()
  return {
    traceId,
    acknowledged,
    more(count) {
      const wanted = acknowledged.length + count
      return waitFor(`${count} more spans`, () => acknowledged.length >= wanted)
    },
    stop() {
      stopping.abort()
      return ended
    },
  }
}

async function idsAt(agent: TestAgent, { traceId }: SpanStream): Promise<readonly string[]> {
  return (await agent.spansOf(owner, traceId)).map(({ spanId }) => spanId)
}

test('[SE8] a revocation ends a live stream: nothing that is recorded after it arrives', async () => {
  const live = stream('live')
  const grantId = await owner.grant({ to: viewer, sinceUnixMs: 0 })
  await shows(viewer, owner, live.traceId, 30)

  await owner.revoke(grantId)
  // The span that was on its way when the answer came may have been admitted before it.
  const before = live.acknowledged.length + 1
  await live.more(100)
  await live.stop()
  await meetAgain(viewer, owner)

  const after = new Set(live.acknowledged.slice(before))
  const seen = await idsAt(viewer, live)
  expect(seen.length).toBeGreaterThanOrEqual(30)
  expect(seen.filter((id) => after.has(id))).toEqual([])
  expect(new Set(await idsAt(owner, live))).toEqual(new Set(live.acknowledged))
})

test('[CO11] [CO13] a new grant opens what its window says: from now on without the past, or all of it', async () => {
  const live = stream('live-again')
  await live.more(20)
  await owner.grant({ to: viewer, sinceUnixMs: Date.now() + 1 })
  const before = live.acknowledged.length
  await live.more(20)
  await live.stop()
  await shows(viewer, owner, live.traceId, 10)
  await meetAgain(viewer, owner)

  const past = new Set(live.acknowledged.slice(0, before))
  expect((await idsAt(viewer, live)).filter((id) => past.has(id))).toEqual([])

  await owner.grant({ to: viewer, sinceUnixMs: 0 })
  await shows(viewer, owner, live.traceId, live.acknowledged.length)
})

test('[CO5] a grant ends by itself at its end', async () => {
  const live = stream('expiring')
  const untilUnixMs = Date.now() + 3_000
  const grantId = await owner.grant({ to: viewer, sinceUnixMs: 0, untilUnixMs })
  await shows(viewer, owner, live.traceId, 10)
  await waitFor('the end of the grant', async () => {
    return (await grantsOf(owner)).find((grant) => grant.grantId === grantId)?.state === 'expired'
  })
  const before = live.acknowledged.length + 1
  await live.more(50)
  await live.stop()
  await meetAgain(viewer, owner)

  const after = new Set(live.acknowledged.slice(before))
  const seen = await idsAt(viewer, live)
  expect(seen.length).toBeGreaterThanOrEqual(10)
  expect(seen.filter((id) => after.has(id))).toEqual([])
})

test('[CO9] a grant for one module shows that module only, and not even the name of another', async () => {
  const traceId = newTraceId()
  await owner.record('hidden-module', [newSpan({ traceId, name: 'hidden-span' })])
  await owner.record('shown-module', [newSpan({ traceId, name: 'shown-span' })])
  await owner.grant({ to: viewer, modules: ['otlp/shown-module'], sinceUnixMs: 0 })
  await shows(viewer, owner, traceId, 1)
  await owner.record('hidden-module', [newSpan({ traceId, name: 'hidden-span' })])
  await owner.record('shown-module', [newSpan({ traceId, name: 'shown-span' })])
  await shows(viewer, owner, traceId, 2)
  await waitFor('everything to be chained', async () => {
    return (await owner.spansOf(owner, traceId)).every(({ provenance }) => provenance === 'verified')
  })
  await meetAgain(viewer, owner)

  const seen = await viewer.spansOf(owner, traceId)
  expect(seen.map(({ module, name }) => [module, name])).toEqual([
    ['otlp/shown-module', 'shown-span'],
    ['otlp/shown-module', 'shown-span'],
  ])
  const home = await HomeSearch.of(viewer.home)
  expect([home.holds('shown-module'), home.holds('shown-span')]).toEqual([true, true])
  expect([home.holds('hidden-module'), home.holds('hidden-span')]).toEqual([false, false])
})

test('[SE4] a module that was silent when it was granted is seen when it speaks again', async () => {
  const traceId = newTraceId()
  await owner.record('sleeper', [newSpan({ traceId, name: 'yesterday' })])
  // A grant and its end: what is recorded from here on lies in a new epoch, as on a new day.
  await owner.revoke(await owner.grant({ to: viewer, sinceUnixMs: 0 }))
  const sinceUnixMs = Date.now()
  await owner.grant({ to: viewer, sinceUnixMs })
  await owner.record('awake', [newSpan({ traceId, name: 'today' })])
  await shows(viewer, owner, traceId, 1)

  await owner.record('sleeper', [newSpan({ traceId, name: 'today' })])
  await shows(viewer, owner, traceId, 2)
  expect((await viewer.spansOf(owner, traceId)).map(({ name }) => name)).toEqual(['today', 'today'])
})
