import { describe, expect, test } from 'vitest'
import { MAX_QUEUED_BYTES, MAX_UNDER_WAY } from '../../../src/sdk/batch-queue.ts'
import { BusClient, HELLO_RETRY_MS, PING_PERIOD_MS } from '../../../src/sdk/bus-client.ts'
import type { Stage } from '../../../src/model/stage.ts'
import type { Envelope } from '../../../src/wire/bus-envelope.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { FakeLink, settled } from './fake-link.ts'

const NOTHING = new Uint8Array(0)
const envelope: Envelope = { v: 1, id: 'm', topic: 't', time_unix_nano: '1', content_type: 'x' }
const welcome = (stage: Stage = 'developer') =>
  ({ kind: 'welcome', v: 1, module: 'core', stage, session: 's' }) as const

function setup() {
  const clock = manualClock()
  const links: FakeLink[] = []
  const received: string[] = []
  const recording: unknown[] = []
  const client = new BusClient({
    clock,
    sdk: 'test',
    stream: 'stream-1',
    onStage: () => {},
    onRecording: (rules) => recording.push(rules),
    openLink(onFrames) {
      const link = new FakeLink(onFrames)
      links.push(link)
      return link
    },
    onMessage: (got) => received.push(got.id),
  })
  client.connect()
  const link = (): FakeLink => links.at(-1) as FakeLink
  /** The newest link gets through. */
  const getThrough = async (stage?: Stage): Promise<void> => {
    link().open()
    await settled()
    link().say(welcome(stage))
    await settled()
  }
  const seqOf = (at: number): number => link().sent.at(at)?.seq ?? -1
  return { clock, links, link, client, received, recording, getThrough, seqOf }
}

describe('room', () => {
  test('[BU75] is there until half of what may wait does, and again once the agent has taken it, or the module ends', async () => {
    const { client, link, getThrough, seqOf } = setup()
    let rooms = 0
    const ask = async (): Promise<void> => {
      void client.room().then(() => rooms++)
      await settled()
    }
    await getThrough()
    const large = (): void => client.deliver('logs', new Uint8Array(MAX_QUEUED_BYTES / 4), 1)
    large()
    large()
    await ask()
    expect(rooms).toBe(1)
    large()
    await ask()
    expect(rooms).toBe(1)
    link().say({ kind: 'ack', seq: seqOf(-1) })
    await settled()
    expect(rooms).toBe(2)
    large()
    await ask()
    expect(rooms).toBe(2)
    void client.close()
    await settled()
    expect(rooms).toBe(3)
  })
})

describe('connecting', () => {
  test('[BU12] says hello once there is a connection, and nothing else before the welcome', async () => {
    const { client, link } = setup()
    client.deliver('logs', NOTHING, 1)
    client.publish(envelope, NOTHING)
    client.subscribe('a')
    await settled()
    expect(link().sent).toEqual([])
    link().open()
    await settled()
    expect(link().sent).toEqual([{ kind: 'hello', v: 1, sdk: 'test', recording: true }])
    link().say(welcome())
    await settled()
    expect(link().kinds()).toEqual(['hello', 'subscribe', 'telemetry', 'publish'])
    expect([client.isReady, client.stage]).toEqual([true, 'developer'])
  })

  test('[BU12] says hello again while there is no welcome, and never has more than two waiting', async () => {
    const { clock, link } = setup()
    for (let i = 0; i < 10; i++) {
      clock.advance(HELLO_RETRY_MS)
      await settled()
    }
    link().open()
    await settled()
    expect(link().kinds()).toEqual(['hello', 'hello'])
    clock.advance(HELLO_RETRY_MS)
    await settled()
    expect(link().kinds()).toEqual(['hello', 'hello', 'hello'])
  })

  test('[BU12] the agent’s bye to a probe is answered by one hello, however often it comes', async () => {
    const { client, link, getThrough } = setup()
    await getThrough()
    link().reconnect()
    link().say({ kind: 'bye', code: 'BUS_NO_SESSION' })
    await settled()
    expect([client.isReady, link().kinds()]).toEqual([false, ['hello']])
    link().say(welcome(), welcome())
    await settled()
    expect([client.isReady, link().kinds()]).toEqual([true, ['hello']])
  })

  test('[BU12] an agent that stops is not greeted before it is back', async () => {
    const { client, link, getThrough } = setup()
    await getThrough()
    link().say({ kind: 'bye', code: 'BUS_STOPPING' })
    await settled()
    expect([client.isReady, link().kinds()]).toEqual([false, ['hello']])
    link().reconnect()
    await settled()
    expect(link().kinds()).toEqual(['hello'])
  })

  test('[BU14] pings, and opens a new link when the agent has been silent for three of them', async () => {
    const { clock, link, links, getThrough } = setup()
    await getThrough()
    for (let i = 0; i < 3; i++) {
      clock.advance(PING_PERIOD_MS)
      await settled()
    }
    expect(link().kinds()).toEqual(['hello', 'ping', 'ping', 'ping'])
    clock.advance(PING_PERIOD_MS)
    expect([links.length, links[0]?.isClosed]).toEqual([2, true])
    await getThrough()
    expect(link().kinds()).toEqual(['hello'])
  })

  test('[BU14] an agent that answers keeps its link', async () => {
    const { clock, link, links, getThrough, seqOf } = setup()
    await getThrough()
    for (let i = 0; i < 20; i++) {
      clock.advance(PING_PERIOD_MS)
      await settled()
      link().say({ kind: 'ack', seq: seqOf(-1) })
    }
    expect(links).toHaveLength(1)
  })

  test('[BU16] what to record is told to the module, as often as it comes', async () => {
    const { link, getThrough, recording } = setup()
    await getThrough()
    const rules = [{ topic: '', level: 'warn' }] as const
    link().say({ kind: 'recording', rules }, { kind: 'recording', rules: [] })
    expect(recording).toEqual([rules, []])
  })

  test('[BU13] nonsense from the agent is counted and otherwise ignored', async () => {
    const { client, link, getThrough, received } = setup()
    await getThrough()
    link().sayNonsense()
    link().say({ kind: 'message', envelope, body: NOTHING })
    expect(client.counters.badFrames).toBe(1)
    expect(received).toEqual(['m'])
  })

  test('[BU50] a transport that throws on opening is tried again', () => {
    const clock = manualClock()
    let attempts = 0
    const client = new BusClient({
      clock,
      sdk: 'test',
      stream: 'stream-1',
      onStage() {},
      onRecording() {},
      openLink() {
        attempts++
        throw new Error('EINVAL')
      },
      onMessage() {},
    })
    client.connect()
    clock.advance(PING_PERIOD_MS)
    expect(attempts).toBe(2)
  })

  test('[BU52] after close nothing is sent, nothing reconnects, and what comes is counted as dropped', async () => {
    const { client, clock, links, link, getThrough } = setup()
    await getThrough()
    void client.close()
    client.deliver('logs', NOTHING, 3)
    expect(client.publish(envelope, NOTHING)).toBe(false)
    clock.advance(60_000)
    await settled()
    expect(links).toHaveLength(1)
    expect(link().isClosed).toBe(true)
    expect(client.counters.droppedRecords).toBe(3)
  })
})

describe('telemetry', () => {
  test('[BU34] what was not acknowledged is sent again in the next session, first and in order', async () => {
    const { client, link, getThrough, seqOf } = setup()
    await getThrough()
    for (const byte of [1, 2, 3]) client.deliver('logs', Uint8Array.of(byte), 1)
    await settled()
    link().say({ kind: 'ack', seq: seqOf(2) })
    link().reconnect()
    client.deliver('logs', Uint8Array.of(4), 1)
    await getThrough()
    const bodies = link().sent.flatMap((message) => (message.kind === 'telemetry' ? [...message.body] : []))
    expect(bodies).toEqual([1, 3, 4])
  })

  test('[BU31] a busy agent gets the batch again after the time it named, and nothing else until then', async () => {
    const { client, clock, link, getThrough, seqOf } = setup()
    await getThrough()
    client.deliver('logs', Uint8Array.of(1), 1)
    await settled()
    link().say({ kind: 'nack', seq: seqOf(-1), code: 'BUS_BUSY', retryAfterMs: 300 })
    client.deliver('logs', Uint8Array.of(2), 1)
    clock.advance(299)
    await settled()
    expect(link().kinds()).toEqual(['hello', 'telemetry'])
    clock.advance(1)
    await settled()
    const bodies = link().sent.flatMap((message) => (message.kind === 'telemetry' ? [...message.body] : []))
    expect(bodies).toEqual([1, 1, 2])
  })

  test('[BU33] only a few batches are under way at a time', async () => {
    const { client, link, getThrough, seqOf } = setup()
    await getThrough()
    for (let i = 0; i < MAX_UNDER_WAY + 2; i++) client.deliver('logs', NOTHING, 1)
    await settled()
    expect(link().sent).toHaveLength(1 + MAX_UNDER_WAY)
    link().say({ kind: 'ack', seq: seqOf(1) })
    await settled()
    expect(link().sent).toHaveLength(2 + MAX_UNDER_WAY)
  })

  test('[BU32] refused for good is not sent again; rejected records of a batch are counted', async () => {
    const { client, link, getThrough, seqOf } = setup()
    await getThrough()
    client.deliver('logs', NOTHING, 5)
    client.deliver('logs', NOTHING, 7)
    await settled()
    link().say({ kind: 'nack', seq: seqOf(1), code: 'OTLP_TRUNCATED' }, { kind: 'ack', seq: seqOf(2), rejected: 2 })
    expect(client.counters.refusedRecords).toBe(7)
    expect(await client.drain(0)).toBe(true)
  })

  test('[BU79] why something was refused is counted by the agent’s codes', async () => {
    const { client, link, getThrough, seqOf } = setup()
    await getThrough()
    client.deliver('logs', NOTHING, 5)
    client.deliver('logs', NOTHING, 7)
    client.deliver('logs', NOTHING, 2)
    await settled()
    client.subscribe('secret/')
    await settled()
    const refused = { PLUGIN_EVENT: 2, PLUGIN_ATTRIBUTE: 3 }
    link().say(
      { kind: 'nack', seq: seqOf(1), code: 'OTLP_TRUNCATED' },
      { kind: 'ack', seq: seqOf(2), rejected: 2, code: 'PLUGIN_EVENT', refused },
      { kind: 'ack', seq: seqOf(3), rejected: 1, code: 'PLUGIN_SERIES' },
      { kind: 'nack', seq: seqOf(4), code: 'BUS_NOT_ALLOWED' },
      { kind: 'nack', code: 'BUS_NOT_ALLOWED' },
    )
    expect(client.refusals.all).toEqual({
      OTLP_TRUNCATED: 5,
      PLUGIN_EVENT: 2,
      PLUGIN_ATTRIBUTE: 3,
      PLUGIN_SERIES: 1,
      BUS_NOT_ALLOWED: 2,
    })
    expect(client.counters).toMatchObject({ refusedRecords: 8, droppedMessages: 1 })
  })

  test('[BU31] a batch the agent keeps failing on is given up, so that the others get through', async () => {
    const { client, clock, link, getThrough, seqOf } = setup()
    await getThrough()
    client.deliver('logs', NOTHING, 5)
    for (let i = 0; i < 5; i++) {
      await settled()
      link().say({ kind: 'nack', seq: seqOf(-1), code: 'BUS_INTERNAL', retryAfterMs: 1 })
      clock.advance(1)
    }
    expect(client.counters.refusedRecords).toBe(5)
    expect(await client.drain(0)).toBe(true)
  })

  test('[BU35] below developer stage waiting traces are let go, logs stay', async () => {
    const { client, link, getThrough } = setup()
    client.deliver('traces', NOTHING, 3)
    client.deliver('logs', NOTHING, 2)
    await getThrough('casual')
    expect(link().sent.map((message) => (message.kind === 'telemetry' ? message.signal : message.kind))).toEqual([
      'hello',
      'logs',
    ])
    expect(client.counters.uncollectedRecords).toBe(3)
  })
})

describe('messages and subscriptions', () => {
  test('[BU46] who waits for the answers to messages without a number gets them by a ping', async () => {
    const { client, link, getThrough, seqOf } = setup()
    await getThrough()
    for (let i = 0; i < 3; i++) client.publish(envelope, NOTHING)
    await settled()
    expect(link().kinds()).toEqual(['hello', 'publish', 'publish', 'publish'])
    const drained = client.drain(1_000)
    await settled()
    expect(link().kinds().slice(4)).toEqual(['ping'])
    link().say({ kind: 'ack', seq: seqOf(-1) })
    expect(await drained).toBe(true)
  })

  test('[BU46] a message without a number that is refused is counted, and nothing else that is refused so', async () => {
    const { client, link, getThrough } = setup()
    await getThrough()
    client.publish(envelope, NOTHING)
    await settled()
    link().say({ kind: 'nack', code: 'BUS_NOT_ALLOWED' }, { kind: 'nack', code: 'BUS_VERSION' })
    expect(client.counters.droppedMessages).toBe(1)
  })

  test('[BU40] a message is sent once: what a lost session swallowed is counted, not repeated', async () => {
    const { client, link, getThrough } = setup()
    await getThrough()
    client.publish(envelope, NOTHING)
    await settled()
    link().reconnect()
    client.publish({ ...envelope, id: 'second' }, NOTHING)
    await getThrough()
    const ids = link().sent.flatMap((message) => (message.kind === 'publish' ? [message.envelope.id] : []))
    expect(ids).toEqual(['second'])
    expect(client.counters.unconfirmedMessages).toBe(1)
  })

  test('[BU41] subscriptions are renewed in every session, those ended meanwhile are not', async () => {
    const { client, link, getThrough } = setup()
    await getThrough()
    client.subscribe('a')
    client.subscribe('a')
    client.subscribe('b')
    await settled()
    expect(link().kinds()).toEqual(['hello', 'subscribe', 'subscribe'])
    link().reconnect()
    client.unsubscribe('a')
    await getThrough()
    expect(link().sent.slice(1)).toMatchObject([{ kind: 'subscribe', prefix: 'b' }])
  })

  test('[BU52] a drain that began before the welcome waits for the subscriptions that follow it', async () => {
    const { client, link, getThrough, seqOf } = setup()
    client.subscribe('a')
    let isDrained = false
    const drained = client.drain(1000).then((result) => (isDrained = result))
    await getThrough()
    expect(isDrained).toBe(false)
    link().say({ kind: 'ack', seq: seqOf(1) })
    expect(await drained).toBe(true)
  })

  test('[BU52] drain waits for batches, messages and subscriptions, and no longer than it was told', async () => {
    const { client, clock, link, getThrough, seqOf } = setup()
    await getThrough()
    client.subscribe('a')
    client.deliver('logs', NOTHING, 1)
    client.publish(envelope, NOTHING)
    await settled()
    const tooShort = client.drain(10)
    const longEnough = client.drain(1000)
    await settled()
    expect(link().kinds()).toEqual(['hello', 'subscribe', 'telemetry', 'publish', 'ping'])
    link().say({ kind: 'ack', seq: seqOf(1) }, { kind: 'ack', seq: seqOf(2) })
    clock.advance(10)
    expect(await tooShort).toBe(false)
    link().say({ kind: 'ack', seq: seqOf(4) })
    expect(await longEnough).toBe(true)
  })
})
