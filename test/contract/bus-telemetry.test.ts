import { describe, expect, test } from 'vitest'
import { MeshError } from '../../src/base/errors.ts'
import { MAX_BATCHES_UNDER_WAY } from '../../src/bus/telemetry-inlet.ts'
import { connect } from '../../src/sdk/index.ts'
import { makeBus, RawModule } from './bus-harness.ts'

const telemetry = (seq: number, body = new Uint8Array(0)) =>
  ({ kind: 'telemetry', seq, signal: 'logs', encoding: 'protobuf', body }) as const
const until = () => Promise.withResolvers<void>()

describe('telemetry over real sockets', () => {
  test('[BU30] a batch is acknowledged only after its commit', async () => {
    await using setup = await makeBus(['core'])
    const commit = until()
    setup.sink.before = () => commit.promise
    await setup.bus.start()
    using module = new RawModule(setup.credential('core'))
    await module.greet()
    await module.send(telemetry(1))
    await module.send({ kind: 'ping', seq: 2 })
    expect(await module.receive()).toEqual({ kind: 'ack', seq: 2 })
    expect(setup.sink.batches).toEqual([])
    commit.resolve()
    expect(await module.receive()).toEqual({ kind: 'ack', seq: 1 })
    expect(setup.sink.batches).toHaveLength(1)
  })

  test('[BU31] a busy sink is a nack with a time to come again, whatever layer its code names', async () => {
    await using setup = await makeBus(['core'])
    setup.sink.before = async () => {
      throw new MeshError('INGEST_BUSY', 'queue is full', { details: { retryAfterMs: 250 } })
    }
    await setup.bus.start()
    using module = new RawModule(setup.credential('core'))
    await module.greet()
    await module.send(telemetry(7))
    expect(await module.receive()).toEqual({ kind: 'nack', seq: 7, code: 'BUS_BUSY', retryAfterMs: 250 })
    expect(setup.bus.modules()[0]?.counters).toMatchObject({ telemetryBusy: 1, telemetryAccepted: 0 })
  })

  test('[BU31] the SDK sends again what a busy sink refused, and loses nothing', async () => {
    await using setup = await makeBus(['core'])
    let refusals = 0
    setup.sink.before = async () => {
      if (refusals++ < 5) throw new MeshError('BUSY', 'later', { details: { retryAfterMs: 1 } })
    }
    await setup.bus.start()
    const mesh = connect({ credential: setup.credential('core') })
    for (let i = 0; i < 1500; i++) mesh.tracer.startSpan(`span ${i}`).end()
    expect(await mesh.close()).toBe(true)
    expect(new Set(setup.sink.spans('core').map((span) => span.name)).size).toBe(1500)
    expect(mesh.stats).toMatchObject({ droppedRecords: 0, refusedRecords: 0 })
  })

  test('[BU32] what the sink refuses for good is a nack without a time, and is not sent again', async () => {
    await using setup = await makeBus(['core'])
    setup.sink.before = async () => {
      throw new MeshError('OTLP_TRUNCATED', 'not a message')
    }
    await setup.bus.start()
    using module = new RawModule(setup.credential('core'))
    await module.greet()
    await module.send(telemetry(1))
    expect(await module.receive()).toEqual({ kind: 'nack', seq: 1, code: 'OTLP_TRUNCATED' })
    const mesh = connect({ credential: setup.credential('core') })
    mesh.logger.info('never kept')
    expect(await mesh.close()).toBe(true)
    expect(mesh.stats.refusedRecords).toBe(1)
    expect(setup.bus.modules()[0]?.counters.telemetryRefused).toBe(2)
  })

  test('[BU33] over the bound of batches under way the answer is busy, and the others still commit', async () => {
    await using setup = await makeBus(['core'])
    const commit = until()
    setup.sink.before = () => commit.promise
    await setup.bus.start()
    using module = new RawModule(setup.credential('core'))
    await module.greet()
    for (let seq = 0; seq <= MAX_BATCHES_UNDER_WAY; seq++) await module.send(telemetry(seq))
    expect(await module.receive()).toMatchObject({ kind: 'nack', seq: MAX_BATCHES_UNDER_WAY, code: 'BUS_BUSY' })
    commit.resolve()
    const acked = new Set<unknown>()
    while (acked.size < MAX_BATCHES_UNDER_WAY) acked.add(await module.receive())
    expect(setup.sink.batches).toHaveLength(MAX_BATCHES_UNDER_WAY)
  })

  test('[BU34] telemetry of the time without an agent arrives, in order, once the agent is back', async () => {
    await using setup = await makeBus(['core'])
    await setup.bus.start()
    const mesh = connect({ credential: setup.credential('core') })
    mesh.logger.info('before')
    expect(await mesh.flush()).toBe(true)
    await setup.bus.stop()
    mesh.logger.info('while away 1')
    expect(await mesh.flush({ timeoutMs: 50 })).toBe(false)
    mesh.logger.info('while away 2')
    await setup.another().start()
    expect(await mesh.flush()).toBe(true)
    expect(setup.sink.logs('core').map((log) => log.body)).toEqual(['before', 'while away 1', 'while away 2'])
    await mesh.close()
  })

  test('[BU34] a batch whose ack was lost with the agent is sent again to the next one', async () => {
    await using setup = await makeBus(['core'])
    const arrived = until()
    setup.sink.before = async () => {
      arrived.resolve()
      throw new Error('the process died here')
    }
    await setup.bus.start()
    const mesh = connect({ credential: setup.credential('core') })
    mesh.logger.warn('must survive')
    await arrived.promise
    await setup.bus.stop()
    setup.sink.before = async () => {}
    await setup.another().start()
    expect(await mesh.close()).toBe(true)
    expect(setup.sink.logs('core').map((log) => log.body)).toEqual(['must survive'])
  })

  test('[BU35] traces are sent in developer stage only; a change of stage reaches a connected module', async () => {
    await using setup = await makeBus(['core'], { stage: 'casual' })
    await setup.bus.start()
    const mesh = connect({ credential: setup.credential('core') })
    mesh.tracer.startSpan('recorded before the stage was known').end()
    mesh.logger.info('a log')
    expect(await mesh.flush()).toBe(true)
    expect(mesh.stage).toBe('casual')
    setup.bus.setStage('developer')
    mesh.logger.error('another: at casual nothing less travels')
    expect(await mesh.flush()).toBe(true)
    expect(mesh.stage).toBe('developer')
    mesh.tracer.startSpan('now').end()
    expect(await mesh.close()).toBe(true)
    expect(setup.sink.spans().map((span) => span.name)).toEqual(['now'])
    expect(setup.sink.logs()).toHaveLength(2)
    expect(mesh.stats.uncollectedRecords).toBe(1)
  })

  test('[BU53] resource, session and active span are on every record', async () => {
    await using setup = await makeBus(['emotion'])
    await setup.bus.start()
    const mesh = connect({ credential: setup.credential('emotion'), serviceVersion: '2.1.0', instanceName: 'left' })
    mesh.tracer.startActiveSpan('feel', (span) => {
      mesh.logger.child({ mood: 'calm' }).error(new RangeError('too much'))
      span.end()
    })
    await mesh.close()
    const [span] = setup.sink.spans('emotion')
    const [log] = setup.sink.logs('emotion')
    expect(log).toMatchObject({ traceId: span?.traceId, spanId: span?.spanId, body: 'too much', severityNumber: 17 })
    const attributes = Object.fromEntries((log?.attributes ?? []).map(({ key, value }) => [key, value]))
    expect(attributes).toMatchObject({
      'session.id': mesh.sessionId,
      mood: 'calm',
      'exception.type': 'RangeError',
      'exception.message': 'too much',
    })
    expect(span?.attributes).toContainEqual({ key: 'session.id', value: mesh.sessionId })
    expect(span?.resource.attributes).toEqual(
      expect.arrayContaining([
        { key: 'service.name', value: 'emotion' },
        { key: 'service.version', value: '2.1.0' },
        { key: 'service.instance.id', value: 'left' },
      ]),
    )
  })
})
