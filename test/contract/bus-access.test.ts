import { expect, test } from 'vitest'
import type { PluginManifest } from '../../src/model/plugin.ts'
import { MAX_BODY_BYTES, type ModuleMessage } from '../../src/wire/bus-frames.ts'
import { manualClock } from '../support/manual-clock.ts'
import { makeBus, RawModule } from './bus-harness.ts'

/** May publish and hear topic `own` alone (the harness compares whole topics). */
const MANIFEST = { name: 'plugin', publish: ['own'], subscribe: ['own'] } as unknown as PluginManifest

async function withPlugin(notAllowed: string[] = [], options: Parameters<typeof makeBus>[1] = {}) {
  const made = await makeBus(['core', 'plugin'], { onNotAllowed: (name) => void notAllowed.push(name), ...options })
  const at = made.records.findIndex(({ name }) => name === 'plugin')
  const plugin = { manifest: MANIFEST, sha256: '', approvedUnixMs: 0, isDisabled: false }
  const record = made.records[at]
  if (record) made.records[at] = { ...record, plugin }
  await made.bus.start()
  return made
}

function publish(topic: string, seq?: number): ModuleMessage {
  const envelope = { v: 1, id: 'm', topic, time_unix_nano: '1', content_type: 'text/plain' } as const
  return { kind: 'publish', ...(seq === undefined ? {} : { seq }), envelope, body: new Uint8Array() }
}

test('[BU44] a frame that may not is answered, counted, told of, and changes nothing', async () => {
  const notAllowed: string[] = []
  await using made = await withPlugin(notAllowed)
  using core = new RawModule(made.credential('core'))
  using plugin = new RawModule(made.credential('plugin'))
  await core.greet()
  await plugin.greet()
  await core.send({ kind: 'subscribe', seq: 1, prefix: '' })
  expect(await core.receive()).toEqual({ kind: 'ack', seq: 1 })
  const refused = async (message: ModuleMessage, seq: number | undefined) => {
    await plugin.send(message)
    expect(await plugin.receive()).toEqual({
      kind: 'nack',
      code: 'BUS_NOT_ALLOWED',
      ...(seq === undefined ? {} : { seq }),
    })
  }
  await refused(publish('others', 1), 1)
  await refused(publish('others'), undefined)
  await refused({ kind: 'subscribe', seq: 2, prefix: 'ow' }, 2)
  await plugin.send({ kind: 'subscribe', seq: 3, prefix: 'own' })
  expect(await plugin.receive()).toEqual({ kind: 'ack', seq: 3 })
  await core.send(publish('others', 2))
  await core.send(publish('own', 3))
  expect(await plugin.receive()).toMatchObject({ kind: 'message', envelope: { topic: 'own', source: 'core' } })
  await plugin.send(publish('own', 4))
  const heard = [
    await core.receive(),
    await core.receive(),
    await core.receive(),
    await core.receive(),
    await core.receive(),
  ]
  const topics = heard.flatMap((answer) =>
    answer.kind === 'message' ? [[answer.envelope.topic, answer.envelope.source]] : [],
  )
  expect(topics).toEqual([
    ['others', 'core'],
    ['own', 'core'],
    ['own', 'plugin'],
  ])
  const counters = made.bus.modules().find(({ name }) => name === 'plugin')?.counters
  expect([counters?.notAllowed, counters?.published, notAllowed]).toEqual([3, 1, ['plugin', 'plugin', 'plugin']])
})

test('[BU45] a plugin that floods is answered each frame, in its own time, and others at once', async () => {
  await using made = await withPlugin()
  using core = new RawModule(made.credential('core'))
  using plugin = new RawModule(made.credential('plugin'))
  await core.greet()
  await plugin.greet()
  const FRAMES = 1_000
  const startedMs = performance.now()
  const sending = (async () => {
    for (let seq = 0; seq < FRAMES; seq++) await plugin.send({ kind: 'ping', seq })
  })()
  await core.send({ kind: 'ping', seq: 1 })
  expect(await core.receive()).toEqual({ kind: 'ack', seq: 1 })
  for (let seq = 0; seq < FRAMES; seq++) expect(await plugin.receive()).toEqual({ kind: 'ack', seq })
  await sending
  expect(performance.now() - startedMs).toBeGreaterThan(900) // a second's frames at once, the other half in a second
})

test('[BU45] what a plugin sends and is not read waits at the plugin, and little of it in the memory of the agent', async () => {
  // The clock stands still: after a second's worth of frames nothing more is read.
  await using made = await withPlugin([], { clock: manualClock() })
  using plugin = new RawModule(made.credential('plugin'), { sendHighWaterMark: 1 })
  await plugin.greet()
  plugin.socket.sendTimeout = 1_000
  const body = new Uint8Array(MAX_BODY_BYTES)
  const frame = { kind: 'telemetry', signal: 'logs', encoding: 'protobuf', body } as const
  let sent = 0
  const isTaken = async (): Promise<boolean> => {
    try {
      await plugin.send({ ...frame, seq: sent })
      return true
    } catch {
      return false
    }
  }
  // It can miss that there is room (src/sdk/zmq-link.ts), so it is asked twice.
  while (sent < 64 && ((await isTaken()) || (await isTaken()))) sent++
  expect(sent).toBeLessThan(16)
})

test('[PL8] health checks of a plugin are acknowledged and not looked at, those of a module are', async () => {
  const told: string[] = []
  const tell = (module: string): void => void told.push(module)
  await using made = await withPlugin([], { health: { began: tell, reported: tell, ended: tell, removed: tell } })
  for (const name of ['plugin', 'core']) {
    using raw = new RawModule(made.credential(name))
    await raw.greet()
    await raw.send({ kind: 'health', seq: 1, checks: [{ name: 'model', status: 'fail' }] })
    expect(await raw.receive()).toEqual({ kind: 'ack', seq: 1 })
  }
  expect(told).toEqual(['core', 'core'])
})
