/** A plugin that does what it may not, as a process of its own beside a real agent and a well-behaved module. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PluginAddedView, PluginDetailView, PluginReviewView } from '../../src/agent/http-types/plugins.ts'
import { connect, type Module } from '../../src/sdk/index.ts'
import { AgentProgram } from '../support/agent-program.ts'
import { runSuccessfully } from '../support/run-program.ts'
import { waitFor } from '../support/wait-for.ts'

const ROGUE = join(import.meta.dirname, 'rogue-plugin.ts')
const MANIFEST = {
  v: 1,
  name: 'weather',
  title: 'Weather',
  publish: ['weather/'],
  subscribe: ['weather/'],
  signals: ['logs', 'metrics'],
  attributes: ['weather.*'],
  attributeValueLengthLimit: 100,
  cardinalityLimit: 5,
  recordsPerMinute: 120,
}
/** How long the plugin floods, in milliseconds. */
const FLOOD_MS = 3_000
const LINES = 2_000

const folder = mkdtempSync(join(tmpdir(), 'plugins-'))
const agent = new AgentProgram()
let core: Module
let credential: string

beforeAll(async () => {
  await agent.ask('init', '--name', 'laptop')
  await agent.ask('stage', 'developer', '--yes')
  await agent.start('--otlp-port', '0')
  const added = await agent.ask<{ credential: string }>('modules', 'add', 'core')
  core = connect({ credential: added.credential, global: false })
  credential = (await agent.ask<PluginAddedView>('plugins', 'add', manifestFile(MANIFEST), '--yes')).credential
}, 60_000)

afterAll(async () => {
  await core?.close()
  await agent.end()
  rmSync(folder, { recursive: true, force: true })
})

function manifestFile(manifest: object): string {
  const file = join(folder, 'manifest.json')
  writeFileSync(file, JSON.stringify(manifest))
  return file
}

function rogue<T>(...args: readonly string[]): Promise<T> {
  const options = { env: { AICO_MESH_MODULE: credential } }
  return runSuccessfully([process.execPath, ROGUE, ...args], options).then((text) => JSON.parse(text) as T)
}

async function exported(module: string, signal = 'logs'): Promise<string> {
  const file = join(folder, `${module}.jsonl`)
  await agent.ask('export', '--signal', signal, '--filter', `module=${module}`, '-o', file)
  return readFileSync(file, 'utf8')
}

test('[PL5] what a plugin may do is said in plain words, and nobody but the person says yes', async () => {
  const asked = await agent.run('plugins', 'add', manifestFile({ ...MANIFEST, name: 'other', title: 'Other' }))
  expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('Other (other) asks for this')])
  expect(asked.stderr).toContain('It may say things to other modules, about: weather/*.')
  const { plugins } = await agent.ask<{ plugins: readonly { plugin: string }[] }>('plugins', 'list')
  expect(plugins.map(({ plugin }) => plugin)).toEqual(['weather'])
})

test('[PL8] [PL10] [PL11] [PL12] [PL14] [PL15] [PL16] [BU44] nothing that a plugin may not do is done', async () => {
  const heard: unknown[] = []
  core.subscribe('', ({ topic, source }) => void heard.push([topic, source]))
  expect(await core.flush()).toBe(true)
  const answers = await rogue<Record<string, { kind: string; code?: string; rejected?: number; refused?: object }>>()
  const said = Object.fromEntries(
    Object.entries(answers).map(([name, { kind, code = '', rejected = 0 }]) => [name, [kind, code, rejected]]),
  )
  expect(said).toEqual({
    'its own topic': ['ack', '', 0],
    'a topic of others': ['nack', 'BUS_NOT_ALLOWED', 0],
    'a notification': ['nack', 'BUS_NOT_ALLOWED', 0],
    'for the agent': ['nack', 'BUS_NOT_ALLOWED', 0],
    'hears its own': ['ack', '', 0],
    'hears others': ['nack', 'BUS_NOT_ALLOWED', 0],
    'hears everything': ['nack', 'BUS_NOT_ALLOWED', 0],
    'an audit event': ['nack', 'PLUGIN_REPORT', 0],
    'a word to the person': ['nack', 'PLUGIN_REPORT', 0],
    'an honest line': ['ack', '', 0],
    'spans that it did not ask for': ['nack', 'PLUGIN_SIGNAL', 0],
    'an event of the audit': ['ack', 'PLUGIN_EVENT', 1],
    'an event of consent': ['ack', 'PLUGIN_EVENT', 1],
    'another service': ['ack', '', 0],
    'another person': ['ack', '', 0],
    'a detail too many': ['ack', '', 0],
    'a value too long': ['ack', '', 0],
    'a record too large': ['ack', 'PLUGIN_RECORD_TOO_LARGE', 1],
    'control sequences and HTML': ['ack', '', 0],
    'the same as JSON': ['ack', '', 0],
    'series too many': ['ack', 'PLUGIN_SERIES', 15],
    'no OTLP': ['nack', 'OTLP_MALFORMED', 0],
    'more than its rate': ['ack', 'PLUGIN_RATE', expect.any(Number)],
    'and more': ['nack', 'PLUGIN_RATE', 0],
  })
  const told = (name: string) => answers[name]?.refused
  expect(told('an honest line')).toBeUndefined()
  expect(told('another person')).toEqual({ PLUGIN_IDENTITY: expect.any(Number) })
  expect(told('a detail too many')).toEqual({ PLUGIN_ATTRIBUTE: 1 })
  expect(told('series too many')).toEqual({ PLUGIN_SERIES: 15 })
  await waitFor('its own topic', () => heard.length > 0)
  expect(heard).toEqual([['weather/now', 'weather']])

  const kept = await exported('weather')
  expect(kept).not.toMatch(/forged"|hunter2|enduser|secret|ann|"core"|aico\.module/)
  for (const word of ['it rains', 'Rome', 'weather/mine', 'forged person', 'Oslo', 'as JSON', 'Bern'])
    expect(kept).toContain(word)
  expect(kept).toContain(`"${'x'.repeat(100)}"`)
  expect(await exported('core')).toBe('')
}, 60_000)

test('[PL17] control sequences of a plugin reach no terminal', async () => {
  const { stdout } = await agent.run('logs', '--limit', '1000')
  expect(stdout).toContain('alert(1)')
  expect(controlsIn(stdout)).toEqual([])
  const { stdout: json } = await agent.run('logs', '--limit', '1000', '--json')
  expect(controlsIn(json)).toEqual([])
})

/** Control characters other than line breaks. */
function controlsIn(text: string): readonly string[] {
  return text.match(/[^\P{Cc}\n]/gu) ?? []
}

test('[PL20] [PL21] what it was refused is counted, shown, and in the audit', async () => {
  const view = await agent.ask<PluginDetailView>('plugins', 'show', 'weather')
  const counts = Object.fromEntries(view.refused.map(({ code, count }) => [code, count]))
  expect(counts).toMatchObject({
    PLUGIN_TOPIC: 5,
    PLUGIN_SIGNAL: 3,
    PLUGIN_REPORT: 2,
    PLUGIN_EVENT: 2,
    PLUGIN_IDENTITY: 4,
    PLUGIN_ATTRIBUTE: 1,
    PLUGIN_VALUE_LENGTH: 1,
    PLUGIN_RECORD_TOO_LARGE: 1,
    PLUGIN_SERIES: 15,
    PLUGIN_MALFORMED: 1,
  })
  const { stdout } = await agent.run('plugins', 'show', 'weather')
  expect(stdout).toContain('it sent more than it asked for')
  const { leaves } = await agent.ask<{ leaves: readonly { type: string; payload: { reason?: string } }[] }>(
    'audit',
    'list',
  )
  const refused = leaves.filter(({ type }) => type === 'plugin.refused').map(({ payload }) => payload.reason)
  expect(new Set(refused)).toEqual(new Set(Object.keys(counts)))
  expect(refused).toHaveLength(Object.keys(counts).length)
  expect(leaves.some(({ type }) => type === 'plugin.approved')).toBe(true)
})

test('[PL15] [BU45] while it floods, every line of another module is kept, and little of its own', async () => {
  const flooding = rogue<{ sent: number; answered: number }>('flood', String(FLOOD_MS))
  for (let n = 0; n < LINES; n++) {
    core.logger.info({ n }, 'a line')
    if (n % 100 === 0) expect(await core.flush()).toBe(true)
  }
  expect(await core.flush()).toBe(true)
  expect(core.stats).toMatchObject({ droppedRecords: 0, refusedRecords: 0 })
  const { sent } = await flooding
  expect(sent).toBeGreaterThan(1_000)
  const numbers = [...(await exported('core')).matchAll(/"key":"n","value":\{"intValue":"?(\d+)"?\}/g)].map(([, n]) =>
    Number(n),
  )
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: LINES }, (_, n) => n))
  const lines = [...(await exported('weather')).matchAll(/"timeUnixNano"/g)].length
  expect(lines).toBeLessThan(2 * MANIFEST.recordsPerMinute)
}, 60_000)

test('[PL6] another manifest needs another yes; what was approved before holds until then', async () => {
  const wider = manifestFile({ ...MANIFEST, publish: ['weather/', 'conversation/'] })
  const asked = await agent.run('plugins', 'add', wider)
  expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('has changed what it asks for')])
  const topic = async () => (await rogue<Record<string, { kind: string }>>())['a topic of others']?.kind
  expect(await topic()).toBe('nack')
  expect((await agent.ask<PluginAddedView>('plugins', 'add', wider, '--yes')).credential).toBe(credential)
  expect(await topic()).toBe('ack')
  const again = await agent.ask<PluginReviewView>('plugins', 'add', manifestFile(MANIFEST), '--yes')
  expect(again.plugin).toBe('weather')
}, 60_000)

test('[PL7] switched off it is heard no more, over a restart too; what it recorded stays', async () => {
  const plugin = connect({ credential, global: false })
  await waitFor('the plugin', () => plugin.stats.isConnected)
  await agent.ask('plugins', 'disable', 'weather')
  plugin.logger.info('said while off')
  expect(await plugin.flush({ timeoutMs: 300 })).toBe(false)
  agent.kill('SIGTERM')
  await agent.ended()
  await agent.start('--otlp-port', '0')
  await waitFor('the module', () => core.stats.isConnected)
  const off = await agent.ask<PluginDetailView>('plugins', 'show', 'weather')
  expect([off.state, off.sessions]).toEqual(['disabled', 0])
  const kept = await exported('weather')
  expect([kept.includes('it rains'), kept.includes('said while off')]).toEqual([true, false])
  await agent.ask('plugins', 'enable', 'weather')
  expect(await plugin.flush({ timeoutMs: 20_000 })).toBe(true)
  expect(await exported('weather')).toContain('said while off')
  await agent.ask('plugins', 'remove', 'weather')
  plugin.logger.info('said when gone')
  expect(await plugin.flush({ timeoutMs: 300 })).toBe(false)
  expect((await agent.run('plugins', 'show', 'weather')).code).toBe(1)
  expect(await exported('weather')).not.toContain('said when gone')
  await plugin.close({ timeoutMs: 0 })
}, 60_000)

test('[PL23] [BU79] its author reads in the SDK what was refused, and why', async () => {
  const garden = manifestFile({ ...MANIFEST, name: 'garden', title: 'Garden' })
  const added = await agent.ask<PluginAddedView>('plugins', 'add', garden, '--yes')
  const plugin = connect({ credential: added.credential, global: false })
  plugin.logger.info({ 'weather.city': 'Rome', password: 'hunter2' }, 'too much')
  plugin.tracer.startSpan('not asked for').end()
  plugin.audit('memory.erased')
  plugin.publish('conversation/heard', 'hello') // which makes a span
  plugin.subscribe('conversation/', () => {})
  expect(await plugin.flush({ timeoutMs: 20_000 })).toBe(true)
  expect(plugin.stats.refusals).toEqual({ PLUGIN_ATTRIBUTE: 1, PLUGIN_SIGNAL: 2, PLUGIN_REPORT: 1, BUS_NOT_ALLOWED: 2 })
  expect(plugin.stats.droppedMessages).toBe(1)
  await plugin.close()
}, 30_000)
