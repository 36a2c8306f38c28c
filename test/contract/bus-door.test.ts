import { readdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { curveKeyPair } from 'zeromq'
import { describe, expect, test } from 'vitest'
import { MAX_SESSIONS_PER_MODULE } from '../../src/bus/module-endpoint.ts'
import { createModuleCredential } from '../../src/bus/module-credential.ts'
import { connect } from '../../src/sdk/index.ts'
import { MAX_BODY_BYTES, MAX_HEADER_BYTES } from '../../src/wire/bus-frames.ts'
import { makeBus, RawModule, untilTrue } from './bus-harness.ts'

async function pingForEver(module: RawModule): Promise<never> {
  for (;;) {
    await module.send({ kind: 'ping' })
    await new Promise(setImmediate)
  }
}

describe('who may in, over real sockets', () => {
  test('[BU1] the module’s own key is let in and named by its credential', async () => {
    await using setup = await makeBus(['core'])
    await setup.bus.start()
    using core = new RawModule(setup.credential('core'))
    expect(await core.greet()).toMatchObject({ kind: 'welcome', v: 1, module: 'core', stage: 'developer' })
    expect((await stat(setup.dir)).mode & 0o777).toBe(0o700)
  })

  test('[BU2] a foreign key is refused, reported, and harms nobody', async () => {
    const refused = Promise.withResolvers<string>()
    await using setup = await makeBus(['core', 'plugin'], { onRefused: refused.resolve })
    await setup.bus.start()
    using core = new RawModule(setup.credential('core'))
    await core.greet()
    const plugin = setup.credential('plugin')
    const cases = {
      'a key nobody knows': { ...curveKeyPair() },
      'another module’s valid key': { publicKey: plugin.publicKey, secretKey: plugin.secretKey },
    }
    const refusals = () => setup.bus.modules()[0]?.counters.refusedKeys ?? 0
    for (const [name, keys] of Object.entries(cases)) {
      using foreign = new RawModule({ ...setup.credential('core'), ...keys }, { routingId: 'core' })
      const before = refusals()
      await foreign.send({ kind: 'hello', v: 1, sdk: 'evil' })
      await untilTrue(() => refusals() > before)
      expect({ name, sessions: setup.bus.modules()[0]?.sessions }).toEqual({ name, sessions: 1 })
    }
    expect(await refused.promise).toBe('core')
    expect(refusals()).toBeGreaterThanOrEqual(2)
    expect(setup.bus.modules()[1]?.counters.refusedKeys).toBe(0)
    await core.send({ kind: 'ping', seq: 1 })
    expect(await core.receive()).toEqual({ kind: 'ack', seq: 1 })
  })

  test('[BU2] an SDK whose key is refused says so in its numbers and never throws', async () => {
    const refused = Promise.withResolvers<string>()
    await using setup = await makeBus(['core'], { onRefused: refused.resolve })
    await setup.bus.start()
    const mesh = connect({ credential: { ...setup.credential('core'), ...curveKeyPair() } })
    mesh.logger.error('nobody hears this')
    await refused.promise
    expect(await mesh.close({ timeoutMs: 100 })).toBe(false)
    expect(mesh.stats.isConnected).toBe(false)
    expect(setup.sink.batches).toEqual([])
  })

  test.each([
    { name: 'a system without ipc', options: { platform: 'win32' as const } },
    { name: 'a folder with too long a path', options: { dir: join(tmpdir(), `bus-${'d'.repeat(100)}`) } },
  ])('[BU3] loopback TCP takes over on $name', async ({ options }) => {
    await using setup = await makeBus(['core'], options)
    await setup.bus.start()
    expect(setup.bus.modules()[0]?.endpoint).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/)
    const mesh = connect({ credential: setup.credential('core') })
    mesh.logger.info('over tcp')
    expect(await mesh.close()).toBe(true)
    expect(setup.sink.logs('core')).toHaveLength(1)
  })

  test('[BU16] what to record follows the welcome and every change, to modules that said they take it', async () => {
    const rules = [{ topic: '', level: 'warn' }] as const
    await using setup = await makeBus(['core'])
    await setup.bus.start()
    const [record] = setup.records
    if (record === undefined) throw new Error('no record')
    using core = new RawModule(setup.credential('core'))
    using older = new RawModule(setup.credential('core'))
    await core.send({ kind: 'hello', v: 1, sdk: 'test', recording: true })
    expect(await core.receive()).toMatchObject({ kind: 'welcome' })
    expect(await core.receive()).toEqual({ kind: 'recording', rules: [] })
    expect(await older.greet()).toMatchObject({ kind: 'welcome' })
    setup.bus.setRecording({ ...record, recording: rules })
    expect(await core.receive()).toEqual({ kind: 'recording', rules })
    await older.send({ kind: 'ping', seq: 1 })
    expect(await older.receive()).toEqual({ kind: 'ack', seq: 1 })
    using later = new RawModule(setup.credential('core'))
    await later.send({ kind: 'hello', v: 1, sdk: 'test', recording: true })
    expect(await later.receive()).toMatchObject({ kind: 'welcome' })
    expect(await later.receive()).toEqual({ kind: 'recording', rules })
    setup.bus.setRecording({ ...record, name: 'nobody' })
  })

  test('[BU5] modules come and go while the bus runs', async () => {
    await using setup = await makeBus(['core'])
    await setup.bus.start()
    const record = await setup.addModule('late')
    await setup.bus.addModule(record)
    await expect(setup.bus.addModule(record)).rejects.toMatchObject({ code: 'BUS_MODULE_EXISTS' })
    using late = new RawModule(setup.credential('late'))
    expect(await late.greet()).toMatchObject({ module: 'late' })
    expect(await setup.bus.removeModule('late')).toBe(true)
    expect(await late.receive()).toEqual({ kind: 'bye', code: 'BUS_MODULE_REMOVED' })
    expect(await readdir(setup.dir), 'its socket is gone').toEqual(['core.sock'])
    expect(await setup.bus.removeModule('late')).toBe(false)
    expect(setup.bus.modules().map((module) => module.name)).toEqual(['core'])
  })

  test('[BU5] one module that cannot be listened for does not keep the others out', async () => {
    await using setup = await makeBus(['core'])
    const { record } = createModuleCredential('lost', 'ipc:///nonexistent-folder/lost.sock')
    setup.records.unshift(record)
    await setup.bus.start()
    expect(setup.bus.modules().map((module) => module.name)).toEqual(['core'])
    await expect(setup.bus.addModule(record)).rejects.toMatchObject({ code: 'BUS_BIND_FAILED' })
    using core = new RawModule(setup.credential('core'))
    expect(await core.greet()).toMatchObject({ module: 'core' })
  })
})

describe('frames that break a rule, over real sockets', () => {
  test('[BU12] a probe, as libzmq sends one on each new connection, invites to say hello', async () => {
    await using setup = await makeBus(['core'])
    await setup.bus.start()
    using core = new RawModule(setup.credential('core'))
    await core.sendRaw('')
    expect(await core.receive()).toEqual({ kind: 'bye', code: 'BUS_NO_SESSION' })
    await core.greet()
    await core.sendRaw('')
    await core.send({ kind: 'ping', seq: 1 })
    expect(await core.receive()).toEqual({ kind: 'ack', seq: 1 })
    expect(setup.bus.modules()[0]?.counters.badFrames).toBe(0)
  })

  test('[BU12] nothing is taken before a hello', async () => {
    await using setup = await makeBus(['core'])
    await setup.bus.start()
    using core = new RawModule(setup.credential('core'))
    await core.send({ kind: 'telemetry', seq: 1, signal: 'logs', encoding: 'protobuf', body: new Uint8Array(0) })
    expect(await core.receive()).toEqual({ kind: 'bye', code: 'BUS_NO_SESSION' })
    expect(setup.sink.batches).toEqual([])
  })

  test('[BU14] a module may come back as often as it likes: the session silent for longest makes room', async () => {
    await using setup = await makeBus(['core'])
    await setup.bus.start()
    using first = new RawModule(setup.credential('core'))
    await first.greet()
    for (let i = 0; i < MAX_SESSIONS_PER_MODULE; i++) {
      using another = new RawModule(setup.credential('core'))
      expect(await another.greet()).toMatchObject({ kind: 'welcome' })
    }
    expect(await first.receive()).toEqual({ kind: 'bye', code: 'BUS_SESSION_EXPIRED' })
    expect(setup.bus.modules()[0]?.sessions).toBe(MAX_SESSIONS_PER_MODULE)
  })

  test('[BU13] each is counted and answered with its code; the connection and its neighbours go on', async () => {
    await using setup = await makeBus(['core', 'other'])
    await setup.bus.start()
    using core = new RawModule(setup.credential('core'))
    using other = new RawModule(setup.credential('other'))
    await core.greet()
    await other.greet()
    const json = (value: unknown): string => JSON.stringify(value)
    const cases: { name: string; parts: (string | Uint8Array)[]; want: object }[] = [
      { name: 'one part', parts: ['{}'], want: { code: 'BUS_FRAME_COUNT' } },
      { name: 'three parts', parts: ['{}', '', ''], want: { code: 'BUS_FRAME_COUNT' } },
      { name: 'no JSON', parts: ['{', ''], want: { code: 'BUS_HEADER_INVALID' } },
      { name: 'no UTF-8', parts: [Uint8Array.of(0x22, 0xff, 0x22), ''], want: { code: 'BUS_HEADER_INVALID' } },
      { name: 'deep JSON', parts: ['['.repeat(MAX_HEADER_BYTES), ''], want: { code: 'BUS_HEADER_INVALID' } },
      { name: 'a large header', parts: [' '.repeat(MAX_HEADER_BYTES + 1), ''], want: { code: 'BUS_HEADER_TOO_LARGE' } },
      {
        name: 'a large body',
        parts: [json({ kind: 'ping', seq: 4 }), new Uint8Array(MAX_BODY_BYTES + 1)],
        want: { seq: 4, code: 'BUS_BODY_TOO_LARGE' },
      },
      { name: 'an unknown kind', parts: [json({ kind: 'x', seq: 5 }), ''], want: { seq: 5, code: 'BUS_UNKNOWN_KIND' } },
      { name: 'a later version', parts: [json({ kind: 'hello', v: 2, sdk: 'x' }), ''], want: { code: 'BUS_VERSION' } },
    ]
    for (const { name, parts, want } of cases) {
      await core.sendRaw(...parts)
      expect({ name, ...(await core.receive()) }).toEqual({ name, kind: 'nack', ...want })
    }
    expect(setup.bus.modules()[0]?.counters.badFrames).toBe(cases.length)
    for (const module of [core, other]) {
      await module.send({ kind: 'ping', seq: 1 })
      expect(await module.receive()).toEqual({ kind: 'ack', seq: 1 })
    }
  })

  test('[BU13] a frame far over every limit cuts its sender off and nobody else', async () => {
    await using setup = await makeBus(['core', 'other'])
    await setup.bus.start()
    using other = new RawModule(setup.credential('other'))
    await other.greet()
    using core = new RawModule(setup.credential('core'))
    await core.greet()
    await core.sendRaw('{}', new Uint8Array(3 * MAX_BODY_BYTES))
    const next = core.receive()
    // Unanswered on the old connection, if it gets there at all; refused on the new one.
    const answer = Promise.race([next, pingForEver(core)])
    expect(await answer).toEqual({ kind: 'bye', code: 'BUS_NO_SESSION' })
    await other.send({ kind: 'ping', seq: 1 })
    expect(await other.receive()).toEqual({ kind: 'ack', seq: 1 })
  })
})
