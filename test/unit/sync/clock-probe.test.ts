import { expect, test } from 'vitest'
import { ClockProbe, PROBE_EVERY_MS } from '../../../src/sync/clock-probe.ts'
import type { PingMessage, PongMessage } from '../../../src/wire/sync-message-types.ts'
import { manualClock } from '../../support/manual-clock.ts'

function probe() {
  const clock = manualClock(1_000_000)
  const pings: PingMessage[] = []
  const offsets: { offsetMs: number; errorMs: number }[] = []
  const made = new ClockProbe({
    clock,
    send: (message) => {
      if (message.type === 'ping') pings.push(message)
    },
    onOffset: async (offset) => {
      offsets.push(offset)
    },
  })
  /** The answer of a clock that is ahead, after so long on the way. */
  const answer = (ping: PingMessage, aheadMs: number, wayMs = 0): Promise<void> => {
    clock.advance(wayMs)
    const t = ping.t1 + (aheadMs + wayMs / 2) * 1000
    return made.onPong({ type: 'pong', t1: ping.t1, t2: t, t3: t } satisfies PongMessage)
  }
  return { clock, pings, offsets, made, answer }
}

test('[SE12] asks five times at the start, one after the other, then every 15 s', async () => {
  const { clock, pings, made, answer } = probe()
  made.start()
  for (let n = 0; n < 8; n++) {
    const ping = pings.at(-1)
    if (ping && pings.length === n + 1) await answer(ping, 0, 10)
  }
  expect(pings).toHaveLength(5)
  clock.advance(PROBE_EVERY_MS)
  expect(pings).toHaveLength(6)
  made.stop()
  clock.advance(PROBE_EVERY_MS * 4)
  expect(pings).toHaveLength(6)
})

test('[RC8] the offset of the best exchange counts, with its error', async () => {
  const { pings, offsets, made, answer } = probe()
  made.start()
  await answer(pings[0] as PingMessage, 250, 100)
  await answer(pings[1] as PingMessage, 250, 10)
  expect(offsets.at(-1)?.offsetMs).toBeCloseTo(250)
  expect(offsets.at(-1)?.errorMs).toBeLessThan(7)
})

test('an answer to nothing, a second answer, and one to an older ping say nothing', async () => {
  const { clock, pings, offsets, made, answer } = probe()
  await made.onPong({ type: 'pong', t1: 5, t2: 9_000_000, t3: 9_000_000 })
  made.start()
  const [first] = pings
  clock.advance(PROBE_EVERY_MS) // a second ping overtakes the first
  await answer(first as PingMessage, 5_000)
  expect(offsets).toEqual([])
  const second = pings.at(-1) as PingMessage
  await answer(second, 40, 2)
  await answer(second, 5_000)
  expect(offsets).toHaveLength(1)
  expect(offsets[0]?.offsetMs).toBeCloseTo(40)
})
