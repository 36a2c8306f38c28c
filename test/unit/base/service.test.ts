import { describe, expect, test } from 'vitest'
import { MeshError } from '../../../src/base/errors.ts'
import { startAll, type Service } from '../../../src/base/service.ts'

function recorder() {
  const events: string[] = []
  const logged: object[] = []
  const log = { debug() {}, info() {}, warn() {}, error: (fields: object) => void logged.push(fields) }
  const service = (name: string, fails: 'start' | 'stop' | 'never' = 'never'): Service => ({
    name,
    async start() {
      await Promise.resolve()
      events.push(`+${name}`)
      if (fails === 'start') throw new MeshError('NO_START', name)
    },
    async stop() {
      events.push(`-${name}`)
      if (fails === 'stop') throw new MeshError('NO_STOP', name)
    },
  })
  return { events, logged, log, service }
}

describe('startAll', () => {
  test('starts one by one in order, stops in reverse, once', async () => {
    const { events, log, service } = recorder()
    const stop = await startAll([service('a'), service('b')], log)
    await stop()
    await stop()
    expect(events).toEqual(['+a', '+b', '-b', '-a'])
  })

  test('a failed start stops what had started, newest first, and is rethrown', async () => {
    const { events, logged, log, service } = recorder()
    const started = startAll([service('a'), service('b'), service('c', 'start'), service('d')], log)
    await expect(started).rejects.toMatchObject({ code: 'NO_START' })
    expect(events).toEqual(['+a', '+b', '+c', '-b', '-a'])
    expect(logged).toMatchObject([{ service: 'c' }])
  })

  test('a failed stop is logged and keeps nobody else from stopping', async () => {
    const { events, logged, log, service } = recorder()
    const stop = await startAll([service('a'), service('b', 'stop')], log)
    await stop()
    expect(events).toEqual(['+a', '+b', '-b', '-a'])
    expect(logged).toMatchObject([{ service: 'b', err: { code: 'NO_STOP' } }])
  })

  test('of two who stop at once, each service is stopped once', async () => {
    const { events, log, service } = recorder()
    const stop = await startAll([service('a'), service('b')], log)
    await Promise.all([stop(), stop()])
    expect(events.filter((event) => event.startsWith('-')).sort()).toEqual(['-a', '-b'])
  })
})
