import { describe, expect, test } from 'vitest'
import { MAX_WAITING_ANSWERS, MAX_WAITING_BYTES, MAX_WAITING_MESSAGES, Outbox } from '../../../src/bus/outbox.ts'
import type { AgentMessage } from '../../../src/wire/bus-frames.ts'

const message = (id: string, bytes = 0): Extract<AgentMessage, { kind: 'message' }> => ({
  kind: 'message',
  envelope: { v: 1, id, topic: 't', time_unix_nano: '1', content_type: 'x' },
  body: new Uint8Array(bytes),
})
const ids = (outbox: Outbox): string[] => {
  const taken = []
  for (let next = outbox.take(); next; next = outbox.take())
    taken.push(next.kind === 'message' ? next.envelope.id : next.kind)
  return taken
}

describe('outbox', () => {
  test('[BU42] answers go before messages, each in its order', () => {
    const outbox = new Outbox()
    outbox.offer(message('a'))
    outbox.answer({ kind: 'ack', seq: 1 })
    outbox.offer(message('b'))
    outbox.answer({ kind: 'stage', stage: 'pro' })
    expect(ids(outbox)).toEqual(['ack', 'stage', 'a', 'b'])
    expect(outbox.isEmpty).toBe(true)
  })

  test('[BU42] what could not be sent comes back to the front', () => {
    const outbox = new Outbox()
    outbox.offer(message('a'))
    outbox.offer(message('b'))
    const taken = outbox.take()
    if (taken) outbox.putBack(taken)
    outbox.answer({ kind: 'ack', seq: 1 })
    const answer = outbox.take()
    if (answer) outbox.putBack(answer)
    expect(ids(outbox)).toEqual(['ack', 'a', 'b'])
  })

  test('[BU42] over the count the oldest message makes room, at the count none does', () => {
    const outbox = new Outbox()
    for (let i = 0; i < MAX_WAITING_MESSAGES; i++) expect(outbox.offer(message(`m${i}`))).toBe(0)
    expect(outbox.offer(message('last'))).toBe(1)
    const left = ids(outbox)
    expect([left.length, left[0], left.at(-1)]).toEqual([MAX_WAITING_MESSAGES, 'm1', 'last'])
  })

  test('[BU42] over the bytes as many old messages as needed make room', () => {
    const outbox = new Outbox()
    const third = Math.floor(MAX_WAITING_BYTES / 3)
    for (const id of ['a', 'b', 'c']) expect(outbox.offer(message(id, third))).toBe(0)
    expect(outbox.offer(message('big', third + third))).toBe(2)
    expect(ids(outbox)).toEqual(['c', 'big'])
    expect(outbox.offer(message('fits again', MAX_WAITING_BYTES))).toBe(0)
  })

  test('[BU42] answers are never dropped, but too many of them show', () => {
    const outbox = new Outbox()
    for (let seq = 0; seq < MAX_WAITING_ANSWERS; seq++) outbox.answer({ kind: 'ack', seq })
    expect(outbox.isStuck).toBe(false)
    outbox.answer({ kind: 'ack', seq: MAX_WAITING_ANSWERS })
    expect(outbox.isStuck).toBe(true)
    expect(ids(outbox)).toHaveLength(MAX_WAITING_ANSWERS + 1)
  })
})
