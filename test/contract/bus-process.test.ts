import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { connect, type ModuleCredential } from '../../src/sdk/index.ts'
import { makeBus } from './bus-harness.ts'

const CHILD = fileURLToPath(new URL('./bus-child.ts', import.meta.url))

/** Starts the child with its credential in a 0600 file, as `aico-mesh modules add` leaves it. */
async function startChild(credential: ModuleCredential, ...args: readonly string[]): Promise<ChildProcess> {
  const dir = await mkdtemp(join(tmpdir(), 'bus-child-'))
  const file = join(dir, 'credential.json')
  await writeFile(file, JSON.stringify(credential), { mode: 0o600 })
  const env = { ...process.env, AICO_MESH_MODULE: file }
  const child = spawn(process.execPath, [CHILD, ...args], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  child.once('exit', () => void rm(dir, { recursive: true, force: true }))
  return child
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [data] = (await once(child.stdout as NonNullable<typeof child.stdout>, 'data')) as [Buffer]
  return data.toString().trim()
}

describe('modules in processes of their own', () => {
  test.each(['exit', 'close'])('[BU52] close() waits for the commits, then the process may end by %s', async (how) => {
    await using setup = await makeBus(['worker'])
    await setup.bus.start()
    const child = await startChild(setup.credential('worker'), how, '5000')
    const said = firstLine(child)
    const [code] = (await once(child, 'exit')) as [number]
    expect([await said, code]).toEqual(['true', 0])
    const lines = setup.sink.logs('worker')
    expect(new Set(lines.map((log) => log.body)).size).toBe(5000)
    expect(lines.every((log) => log.spanId === setup.sink.spans('worker').find((s) => s.name === 'work')?.spanId)).toBe(
      true,
    )
    expect(setup.bus.modules()[0]?.counters.published).toBe(10)
  })

  test('[BU50] without an agent a module works, and its process ends by itself', async () => {
    await using setup = await makeBus(['worker'])
    const child = await startChild(setup.credential('worker'), 'alone', '10')
    const said = firstLine(child)
    const [code] = (await once(child, 'exit')) as [number]
    expect([await said, code]).toEqual(['false', 0])
  })

  test('[BU24] one trace runs through two processes and back', async () => {
    await using setup = await makeBus(['ear', 'core'])
    await setup.bus.start()
    const child = await startChild(setup.credential('core'), 'echo')
    expect(await firstLine(child)).toBe('ready')
    const ear = connect({ credential: setup.credential('ear') })
    const { promise: answered, resolve } = Promise.withResolvers<string>()
    ear.subscribe('conversation/answer', (message) => resolve(message.text()))
    expect(await ear.flush()).toBe(true)
    ear.publish('conversation/heard', 'hello')
    expect(await answered).toBe('ear said hello')
    const exited = once(child, 'exit')
    child.stdin?.write('stop')
    expect(await exited).toEqual([0, null])
    expect(await ear.close()).toBe(true)
    const spans = setup.sink.spans()
    expect(new Set(spans.map((span) => span.traceId)).size).toBe(1)
    const names = [
      'publish conversation/heard',
      'process conversation/heard',
      'publish conversation/answer',
      'process conversation/answer',
    ]
    const chain = names.map((name) => spans.find((span) => span.name === name))
    expect(chain.map((span) => span?.parentSpanId)).toEqual([
      undefined,
      ...chain.slice(0, 3).map((span) => span?.spanId),
    ])
  })

  test('[BU14] a module killed in the middle is missed, and harms nobody', async () => {
    await using setup = await makeBus(['ear', 'core'])
    await setup.bus.start()
    const child = await startChild(setup.credential('core'), 'echo')
    expect(await firstLine(child)).toBe('ready')
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    const ear = connect({ credential: setup.credential('ear') })
    const core = () => setup.bus.modules().find((module) => module.name === 'core')?.sessions
    // The broker learns of it when it next has something for the dead session.
    while (core() !== 0) {
      ear.publish('conversation/heard', 'anyone?')
      await ear.flush()
    }
    expect(await ear.close()).toBe(true)
  })
})
