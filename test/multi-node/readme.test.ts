/** The five lines of the README's "Instrument your module", pasted: run by a real agent's side, they do what the README says. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AgentProgram } from '../support/agent-program.ts'
import { waitFor } from '../support/wait-for.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const MAX_LINES = 5

const folder = mkdtempSync(join(tmpdir(), 'readme-'))
const agent = new AgentProgram()
beforeAll(async () => {
  await agent.ask('init', '--name', 'laptop')
  await agent.ask('stage', 'developer', '--yes')
  await agent.start('--otlp-port', '0')
})
afterAll(async () => {
  await agent.end()
  rmSync(folder, { recursive: true, force: true })
})

/** A project that has this clone installed as its `aico-mesh`. */
function pasted(example: string): string {
  // Not below node_modules itself, where Node strips no types.
  const sdk = join(folder, 'aico-mesh')
  mkdirSync(sdk)
  writeFileSync(join(sdk, 'package.json'), '{"name":"aico-mesh","type":"module","exports":{"./sdk":"./sdk.ts"}}')
  writeFileSync(join(sdk, 'sdk.ts'), `export * from '${pathToFileURL(join(ROOT, 'src', 'sdk', 'index.ts')).href}'\n`)
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(sdk, join(folder, 'node_modules', 'aico-mesh'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  const file = join(folder, 'ear.ts')
  writeFileSync(file, example)
  return file
}

test('[BU24] [BU41] the example of the README hears what it says, in a log line and in a trace', async () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  const [, section = ''] = readme.split('\n## Instrument your module\n')
  const [, example = ''] = /```ts\n([^]*?)```/.exec(section) ?? []
  expect(example.trim().split('\n').length).toBeLessThanOrEqual(MAX_LINES)
  const [, variable = '', file = ''] =
    /(AICO_MESH_MODULE)=(.+)/.exec((await agent.run('modules', 'add', 'ear')).stdout) ?? []
  const module = spawn(process.execPath, [pasted(example)], {
    env: { ...process.env, [variable]: file },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  try {
    const logs = async (): Promise<string> => (await agent.run('logs', '--module', 'ear')).stdout
    await waitFor('what it heard', async () => (await logs()).includes('heard'))
    expect(await logs()).toMatch(/ INFO +laptop\/ear heard/)
    const traces = async (): Promise<string> => (await agent.run('traces', 'show')).stdout
    await waitFor('its trace', async () => (await traces()).includes('process conversation/heard'))
    expect(await traces()).toContain('publish conversation/heard')
  } finally {
    const ended = once(module, 'exit')
    module.kill('SIGKILL')
    await ended
  }
}, 60_000)
