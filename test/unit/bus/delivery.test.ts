import { expect, test } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { Delivery } from '../../../src/bus/delivery.ts'
import { ModuleSession } from '../../../src/bus/module-session.ts'
import type { SendOutcome } from '../../../src/bus/router-socket.ts'
import { decodeAgentFrames } from '../../../src/wire/bus-frames.ts'
import { manualClock } from '../../support/manual-clock.ts'

/** Sessions 1, 2, ... and a socket that does what `outcomes` says for each of them, `sent` by default. */
function setup(count: number) {
  const clock = manualClock()
  const sessions = new Map(
    Array.from({ length: count }, (_, i) => [i + 1, new ModuleSession(`s${i}`, Uint8Array.of(i + 1), 0)]),
  )
  const outcomes = new Map<number, SendOutcome>()
  const sent: string[] = []
  let tries = 0
  const delivery = new Delivery({
    clock,
    sessions: () => sessions.values(),
    send: async ([peer = 0], [header, body]) => {
      tries++
      const outcome = outcomes.get(peer) ?? 'sent'
      const decoded = decodeAgentFrames([utf8(header), body])
      if (outcome === 'sent' && 'message' in decoded) sent.push(`${peer}:${JSON.stringify(decoded.message)}`)
      return outcome
    },
    onGone: (session) => sessions.delete(session.routingId[0] ?? 0),
    onDelivered: () => {},
  })
  const ack = (peer: number, seq: number) => sessions.get(peer)?.outbox.answer({ kind: 'ack', seq })
  return { clock, sessions, outcomes, sent, delivery, ack, tried: () => tries }
}
const line = (peer: number, seq: number) => `${peer}:{"kind":"ack","seq":${seq}}`

test('[BU42] sessions take turns', async () => {
  const { delivery, ack, sent } = setup(2)
  for (const seq of [1, 2]) ack(1, seq)
  for (const seq of [1, 2]) ack(2, seq)
  await delivery.settle()
  expect(sent).toEqual([line(1, 1), line(2, 1), line(1, 2), line(2, 2)])
})

test('[BU42] a full session keeps its answers for later and delays nobody', async () => {
  const { delivery, ack, sent, outcomes, clock } = setup(2)
  outcomes.set(1, 'full')
  ack(1, 1)
  ack(2, 1)
  await delivery.settle()
  expect(sent).toEqual([line(2, 1)])
  outcomes.delete(1)
  clock.advance(1000)
  await delivery.settle()
  expect(sent).toEqual([line(2, 1), line(1, 1)])
})

test('[BU42] a session that is full is not tried for each message, but after a while, and each time after a longer one', async () => {
  const { delivery, ack, tried, outcomes, clock } = setup(1)
  outcomes.set(1, 'full')
  for (let seq = 0; seq < 10; seq++) {
    ack(1, seq)
    await delivery.settle()
  }
  expect(tried()).toBe(1)
  for (const waitMs of [1, 2, 4]) {
    clock.advance(waitMs - 0.5)
    await delivery.settle()
    const before = tried()
    clock.advance(0.5)
    await delivery.settle()
    expect(tried() - before).toBe(1)
  }
  outcomes.delete(1)
  clock.advance(8)
  await delivery.settle()
  expect(tried()).toBe(14)
})

test('[BU14] a session whose peer is gone is forgotten', async () => {
  const { delivery, ack, sessions, outcomes } = setup(2)
  outcomes.set(1, 'gone')
  ack(1, 1)
  await delivery.settle()
  expect([...sessions.keys()]).toEqual([2])
})

test('[BU42] what a session that is gone did not get can be counted', async () => {
  const { delivery, sessions, outcomes } = setup(1)
  outcomes.set(1, 'gone')
  const session = sessions.get(1)
  const envelope = { v: 1, id: 'm', topic: 't', time_unix_nano: '1', content_type: 'x' } as const
  for (let n = 0; n < 3; n++) session?.outbox.offer({ kind: 'message', envelope, body: new Uint8Array(0) })
  await delivery.settle()
  expect([sessions.size, session?.outbox.waitingMessages]).toEqual([0, 3])
})

test('[BU42] what is answered while a round is under way is sent in the next', async () => {
  const { delivery, ack, sent } = setup(1)
  ack(1, 1)
  delivery.wake()
  ack(1, 2)
  delivery.wake()
  await delivery.settle()
  ack(1, 3)
  await delivery.settle()
  expect(sent).toEqual([line(1, 1), line(1, 2), line(1, 3)])
})

test('[BU12] answers to peers without a session are few, and tried once', async () => {
  const { delivery, sent, outcomes } = setup(0)
  outcomes.set(9, 'full')
  delivery.answerStray(Uint8Array.of(9), { kind: 'bye', code: 'BUS_NO_SESSION' })
  delivery.answerStray(Uint8Array.of(8), { kind: 'bye', code: 'BUS_NO_SESSION' })
  await delivery.settle()
  outcomes.clear()
  await delivery.settle()
  expect(sent).toEqual(['8:{"kind":"bye","code":"BUS_NO_SESSION"}'])
})
