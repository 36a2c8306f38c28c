import { describe, expect, test } from 'vitest'
import { judgeSoak } from '../../proofs/judge-soak.ts'
import type { Look, Soaked } from '../../proofs/soak-device.ts'

const MB = 1e6
const thread = { delayP50Ms: 0, delayP99Ms: 2, delayMaxMs: 9, heapUsedBytes: 50 * MB, buffersBytes: MB }
const looks = (change: (second: number) => Partial<Look> = () => ({})): readonly Look[] =>
  Array.from({ length: 100 }, (_, second) => ({
    watchedMs: 1_000,
    rssBytes: 200 * MB,
    waitingBytes: (second % 3) * MB,
    intake: { requests: 0, commits: 0 },
    main: thread,
    store: thread,
    devtoolsBytes: 60 * MB,
    stolenMs: 0,
    bystanderMs: 3,
    ...change(second),
  }))
const load = {
  records: 1_000,
  acknowledged: 1_000,
  nextBatch: 9,
  recordsPerS: 10,
  ackP50Ms: 1,
  ackP99Ms: 2,
  ackMaxMs: 3,
  busy: 0,
  errors: 0,
  partial: 0,
}
const good: Soaked = {
  fullPerS: 20,
  load,
  looks: looks(),
  queries: 5,
  acknowledged: 1_000,
  kept: 900,
  dropped: 100,
  incompleteTraces: 0,
}

describe('a soak', () => {
  test('in which nothing grows, stalls or is lost holds', () => {
    const { failures, facts } = judgeSoak(good, true)
    expect(failures).toEqual([])
    expect(facts).toMatchObject({ 'spans kept': 900, 'main thread held up by its own work, longest': '6.0 ms' })
  })

  test.each<{ name: string; soaked: Partial<Soaked>; says: RegExp; always: boolean }>([
    {
      name: 'a span that was acknowledged and is not kept',
      soaked: { kept: 899 },
      says: /1000 spans.*899/,
      always: true,
    },
    { name: 'a span that is kept twice', soaked: { kept: 901 }, says: /901 are kept/, always: true },
    { name: 'a trace with a hole', soaked: { incompleteTraces: 1 }, says: /1 traces/, always: true },
    {
      name: 'a heap that leaks a megabyte a second',
      soaked: { looks: looks((s) => ({ store: { ...thread, heapUsedBytes: (50 + s) * MB } })) },
      says: /heap of the store thread grew by 7\d/,
      always: true,
    },
    {
      name: 'a heap that leaks a fifth of that',
      soaked: { looks: looks((s) => ({ main: { ...thread, heapUsedBytes: (50 + s / 4) * MB } })) },
      says: /heap of the main thread grew by 1\d/,
      always: false,
    },
    {
      name: 'a queue that is never emptied',
      soaked: { looks: looks((s) => ({ waitingBytes: s * MB })) },
      says: /what waits/,
      always: true,
    },
    {
      name: 'memory that goes on growing outside the heap',
      soaked: { looks: looks((s) => ({ rssBytes: (200 + 2 * s) * MB })) },
      says: /resident memory of the agent in the second half grew by 7\d/,
      always: true,
    },
    {
      name: 'a thread that was held up',
      soaked: { looks: looks((s) => (s === 60 ? { main: { ...thread, delayMaxMs: 104 } } : {})) },
      says: /main thread was held up for 101 ms/,
      always: false,
    },
    {
      name: 'an export that was refused for a moment',
      soaked: { load: { ...load, busy: 1 } },
      says: /refused/,
      always: false,
    },
  ])('$name breaks it', ({ soaked, says, always }) => {
    const failuresOf = (strict: boolean): readonly string[] => judgeSoak({ ...good, ...soaked }, strict).failures
    expect(failuresOf(true)).toEqual([expect.stringMatching(says)])
    expect(failuresOf(false).length).toBe(Number(always))
  })

  test.each([
    ['the host gave the processor to others', { stolenMs: 250, bystanderMs: 0 }],
    ['a bystander was held up too', { stolenMs: 0, bystanderMs: 250 }],
    ['both', { stolenMs: 125, bystanderMs: 125 }],
  ])('in a second in which %s, only what this does not explain of a delay is held against it', (_, machine) => {
    const delayed = (delayMaxMs: number): Soaked => ({
      ...good,
      looks: looks((s) => (s === 60 ? { ...machine, store: { ...thread, delayMaxMs } } : {})),
    })
    expect(judgeSoak(delayed(350), true).failures).toEqual([])
    expect(judgeSoak(delayed(351), true).failures).toEqual([expect.stringMatching(/store thread.* 101 ms/)])
    expect(judgeSoak(delayed(350), true).facts).toMatchObject({
      'store thread held up by its own work, longest': '100.0 ms',
      "store thread held up, the machine's part included": '350.0 ms',
      'seconds in which the machine held everybody up for over 100 ms': '1 of 80',
    })
  })

  test('on a machine that holds everybody up most of the time nothing is judged', () => {
    const busy = looks(() => ({ stolenMs: 101 }))
    expect(judgeSoak({ ...good, looks: busy }, true).failures).toEqual([expect.stringMatching(/quiet one/)])
  })

  test('while memory fills its caches, nothing is judged', () => {
    const filling = looks((s) => (s < 19 ? { rssBytes: s * 10 * MB, store: { ...thread, delayMaxMs: 500 } } : {}))
    expect(judgeSoak({ ...good, looks: filling }, true).failures).toEqual([])
  })
})
