import { beforeEach, describe, expect, test } from 'vitest'
import {
  DEFAULT_QUERY_TIMEOUT_MS,
  MAX_QUERY_TIMEOUT_MS,
  MAX_RUNNING,
  MAX_WAITING,
  Turns,
} from '../../../../src/agent/keeper/turns.ts'
import type { Steps } from '../../../../src/base/steps.ts'
import { manualClock, type ManualClock } from '../../../support/manual-clock.ts'

let clock: ManualClock
let done: string[]
beforeEach(() => {
  clock = manualClock()
  done = []
})

/** Takes `steps` steps of a millisecond each; says what it does. */
function* work(name: string, steps: number): Steps<string> {
  for (let i = 0; i < steps; i++) {
    clock.advance(1)
    done.push(name)
    yield
  }
  return name
}

function newTurns(turnMs: number, pause: () => void = () => {}): Turns {
  return new Turns(clock, { turnMs, pause: async () => pause() })
}

const codeOf = (result: PromiseSettledResult<unknown>): unknown =>
  result.status === 'rejected' ? (result.reason as { code: string }).code : result.value

test('[QU24] a turn ends at the first yield after its time, and work goes on after the pause', async () => {
  const turns = newTurns(3, () => done.push('others'))
  expect(await turns.run(() => work('query', 7))).toBe('query')
  expect(done.map((name) => name[0]).join('')).toBe('qqqoqqqoq')
})

test('[QU26] queries take turns, so that a short one does not wait for a long one', async () => {
  const turns = newTurns(2)
  const ended: string[] = []
  await Promise.all([
    turns.run(() => work('long', 8)).then((name) => ended.push(name)),
    turns.run(() => work('short', 3)).then((name) => ended.push(name)),
  ])
  expect(ended).toEqual(['short', 'long'])
  expect(done.map((name) => name[0]).join('')).toBe('llssllsllll')
})

test('[QU26] no more than a few run at once: the next begins when one has ended, well or not', async () => {
  const turns = newTurns(1)
  const begun: number[] = []
  const results = await Promise.allSettled(
    Array.from({ length: MAX_RUNNING + 2 }, (_, i) =>
      turns.run(function* () {
        begun.push(i)
        yield* work(String(i), i === 1 ? 1 : 3)
        if (i === 1) throw new Error('no')
      }),
    ),
  )
  expect(begun).toEqual([0, 1, 2, 3, 4, 5])
  // The fifth begins only after the second has ended.
  expect(done.indexOf('4')).toBeGreaterThan(done.lastIndexOf('1'))
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', ...Array(4).fill('fulfilled')])
})

test('[QU26] of too many that wait the last is refused at once', async () => {
  const turns = newTurns(1)
  const all = Array.from({ length: MAX_WAITING + 1 }, () => turns.run(() => work('x', 1)))
  const results = await Promise.allSettled(all)
  expect(results.map(codeOf).filter((each) => each === 'QUERY_BUSY')).toHaveLength(1)
  expect(codeOf(results.at(-1) as PromiseSettledResult<string>)).toBe('QUERY_BUSY')
})

test('[QU27] upkeep takes its turns without a deadline, and is not refused for want of room', async () => {
  const turns = newTurns(5)
  const queries = Array.from({ length: MAX_WAITING }, () => turns.run(() => work('x', 1)))
  const upkeep = turns.upkeep(() => work('upkeep', 2 * DEFAULT_QUERY_TIMEOUT_MS))
  await Promise.all(queries)
  expect(await upkeep).toBe('upkeep')
})

describe('deadlines', () => {
  test('[QU27] a query ends with QUERY_TIMEOUT at its next step after its time, and holds nobody up', async () => {
    const turns = newTurns(5)
    const results = await Promise.allSettled([
      turns.run(() => work('endless', Infinity), { timeoutMs: 12 }),
      turns.run(() => work('patient', 20)),
    ])
    expect(results.map(codeOf)).toEqual(['QUERY_TIMEOUT', 'patient'])
  })

  test('[QU27] its time runs while it waits for others', async () => {
    const turns = newTurns(5)
    const before = Array.from({ length: MAX_RUNNING }, () => turns.run(() => work('before', 30)))
    const results = await Promise.allSettled([turns.run(() => work('late', 1), { timeoutMs: 20 }), ...before])
    expect(codeOf(results[0])).toBe('QUERY_TIMEOUT')
    expect(done).not.toContain('late')
  })

  test.each([
    { name: 'ten seconds unless it says otherwise', asked: undefined, want: DEFAULT_QUERY_TIMEOUT_MS },
    { name: 'no longer than the longest', asked: 10 * MAX_QUERY_TIMEOUT_MS, want: MAX_QUERY_TIMEOUT_MS },
  ])('[QU27] a query has $name', async ({ asked, want }) => {
    const turns = newTurns(5)
    const startMs = clock.monotonic()
    const endless = turns.run(() => work('endless', Infinity), { timeoutMs: asked })
    await expect(endless).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' })
    expect(clock.monotonic() - startMs).toBe(want)
  })

  test('[QU27] work is told before its time is over, so that it can answer with what it has', async () => {
    const turns = newTurns(5)
    const answer = await turns.run(
      function* ({ hasTime }) {
        let steps = 0
        for (; hasTime(); steps++) yield* work('looking', 1)
        return steps
      },
      { timeoutMs: 100 },
    )
    expect(answer).toBe(80)
  })
})

describe('cancelling', () => {
  test('[QU28] a query whose asker is gone takes no further step', async () => {
    const asker = new AbortController()
    const turns = newTurns(2, () => asker.abort())
    const query = turns.run(() => work('query', 10), { signal: asker.signal })
    await expect(query).rejects.toMatchObject({ code: 'QUERY_CANCELLED' })
    expect(done).toHaveLength(2)
  })

  test('[QU28] one that waits never begins, and one whose asker is gone already is not taken', async () => {
    const [asker, gone] = [new AbortController(), new AbortController()]
    gone.abort()
    const turns = newTurns(1, () => asker.abort())
    const running = Array.from({ length: MAX_RUNNING }, () => turns.run(() => work('running', 2)))
    const results = await Promise.allSettled([
      turns.run(() => work('waiting', 1), { signal: asker.signal }),
      turns.run(() => work('waiting', 1), { signal: gone.signal }),
      ...running,
    ])
    expect(results.map(codeOf)).toEqual(['QUERY_CANCELLED', 'QUERY_CANCELLED', ...Array(MAX_RUNNING).fill('running')])
    expect(done).not.toContain('waiting')
  })

  test('[QU24] once stopped, no step is taken: of what is under way nor of what waits nor of what comes', async () => {
    const turns = newTurns(1, () => turns.stop())
    const results = await Promise.allSettled([
      turns.run(() => work('under way', 5)),
      turns.run(() => work('waiting', 1)),
    ])
    expect(results.map(codeOf)).toEqual(['QUERY_STOPPED', 'QUERY_STOPPED'])
    expect(done).toEqual(['under way'])
    await expect(turns.run(() => work('later', 1))).rejects.toMatchObject({ code: 'QUERY_STOPPED' })
  })
})
