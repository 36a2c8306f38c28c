/** What is set of a module's recording: in the log, in the store, told to the module, in this order. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { callRoute } from '../../../src/agent/http-server.ts'
import { moduleRoutes, type ModuleRouteDeps } from '../../../src/agent/module-routes.ts'
import { ModuleRegistry } from '../../../src/agent/module-registry.ts'
import type { ModuleRecord } from '../../../src/bus/bus-ports.ts'
import { MAX_RECORDING_RULES } from '../../../src/model/recording.ts'
import { readPluginManifest } from '../../../src/wire/plugin-manifest.ts'
import { layOutHome } from '../../../src/platform/home.ts'

let folder: string
let registry: ModuleRegistry
let happened: unknown[]
let isOnline: boolean
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'modules-'))
  registry = new ModuleRegistry([], layOutHome(folder))
  happened = []
  isOnline = true
  await registry.add('core', async () => undefined)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Change {
  readonly type: string
  readonly payload: object
}
const call = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) => {
  const deps = {
    registry,
    isOnline,
    plugins: { remove: async (name: string) => void happened.push(['plugin removed', name]) },
    state: { modules: () => [], module: (name: string) => ({ module: name }) },
    keeper: {
      view: () => ({ self: { deviceId: 'ab' } }),
      call: async (name: string, module: string, { recording }: ModuleRecord, { type, payload }: Change) => {
        happened.push([name, module, recording, type, payload])
      },
    },
    bus: { setRecording: ({ name, recording }: ModuleRecord) => happened.push(['told', name, recording]) },
  } as unknown as ModuleRouteDeps
  return callRoute(moduleRoutes(deps), { method, path, body })
}
const PATH = '/v1/modules/core/recording'
const INFO = { topic: '', level: 'info' }
const TALK = { topic: 'talk/', level: 'debug', sample: 0.1 }

describe('what is set', () => {
  test('[RD6] [RD7] is in the log, kept, and told, in this order; what comes next is beside it', async () => {
    expect(await call('POST', PATH, { level: 'info' })).toMatchObject({ status: 200, json: { module: 'core' } })
    await call('POST', PATH, TALK)
    expect(happened).toEqual([
      [
        'changeModule',
        'core',
        [INFO],
        'module.changed',
        { module: 'core', topic: '', from: 'no rule', to: 'level info' },
      ],
      ['told', 'core', [INFO]],
      [
        'changeModule',
        'core',
        [INFO, TALK],
        'module.changed',
        { module: 'core', topic: 'talk/', from: 'no rule', to: 'level debug, sample 0.1' },
      ],
      ['told', 'core', [INFO, TALK]],
    ])
    expect(registry.get('core')?.recording).toEqual([INFO, TALK])
  })

  test('[RD6] the rule of a topic ends, or all of them', async () => {
    await call('POST', PATH, INFO)
    await call('POST', PATH, TALK)
    await call('DELETE', `${PATH}?topic=talk%2F`)
    expect(registry.get('core')?.recording).toEqual([INFO])
    await call('DELETE', PATH)
    expect(registry.get('core')?.recording).toEqual([])
    expect(happened.at(-2)).toMatchObject([
      'changeModule',
      'core',
      [],
      'module.changed',
      { module: 'core', from: 'one rule', to: 'no rule' },
    ])
  })

  test('[RD6] what holds already is no change: nothing is written', async () => {
    await call('POST', PATH, INFO)
    happened.length = 0
    await call('POST', PATH, INFO)
    await call('DELETE', `${PATH}?topic=other`)
    expect(happened.filter((each) => (each as readonly unknown[])[0] === 'changeModule')).toEqual([])
  })

  test('[RD6] two at once are both kept', async () => {
    await Promise.all([call('POST', PATH, INFO), call('POST', PATH, TALK), call('POST', PATH, { sample: 0.5 })])
    expect(registry.get('core')?.recording).toEqual([{ ...INFO, sample: 0.5 }, TALK])
  })

  test('[RD6] without an agent that runs nobody is told', async () => {
    isOnline = false
    await call('POST', PATH, INFO)
    expect(happened).toHaveLength(1)
  })
})

test('[PL7] a plugin that is removed as a module is removed as a plugin', async () => {
  const manifest = readPluginManifest(new TextEncoder().encode('{"v":1,"name":"weather"}'))
  const plugin = { manifest, sha256: '', approvedUnixMs: 0, isDisabled: false }
  await registry.add('weather', async () => undefined, plugin)
  expect(await call('DELETE', '/v1/modules/weather')).toMatchObject({ status: 200, json: { module: 'weather' } })
  expect(happened).toEqual([['plugin removed', 'weather']])
})

describe('what is refused', () => {
  test.each([
    { name: 'neither level nor sample', body: { topic: 'a' } },
    { name: 'a level above error', body: { level: 'fatal' } },
    { name: 'a level that is none', body: { level: 3 } },
    { name: 'a ratio over 1', body: { sample: 2 } },
    { name: 'a ratio in words', body: { sample: '10%' } },
    { name: 'a topic that is none', body: { topic: 'a b', level: 'info' } },
    { name: 'a topic that is too long', body: { topic: 'x'.repeat(257), level: 'info' } },
  ])('[RD3] $name', async ({ body }) => {
    expect(await call('POST', PATH, body)).toMatchObject({ status: 400, json: { error: { code: 'HTTP_BAD_FIELD' } } })
    expect(happened).toEqual([])
  })

  test('[RD3] a rule too many, and a module that is not there', async () => {
    for (let i = 0; i < MAX_RECORDING_RULES; i++) await call('POST', PATH, { topic: `t${i}`, sample: 0 })
    const answer = await call('POST', PATH, { topic: 'one-more', sample: 0 })
    expect(answer).toMatchObject({ status: 400, json: { error: { code: 'MODULE_TOO_MANY_RULES' } } })
    const nobody = await call('POST', '/v1/modules/nobody/recording', INFO)
    expect(nobody).toMatchObject({ json: { error: { code: 'MODULE_UNKNOWN' } } })
  })
})
