/** A module that shares no code with us, in Python with Debian's libzmq, takes part in a trace. Needs python3-zmq, and says so. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TraceView } from '../../src/agent/http-types/traces.ts'
import { connect, type Module, type ReceivedMessage } from '../../src/sdk/index.ts'
import { AgentProgram } from '../support/agent-program.ts'

const MODULE_PY = fileURLToPath(new URL('../../examples/python/module.py', import.meta.url))
/** Debian's own: another python3 earlier in PATH does not see Debian's packages. */
const PYTHON = '/usr/bin/python3'

let agent: AgentProgram
let ear: Module
let children: ChildProcess[] = []

beforeEach(async () => {
  agent = new AgentProgram()
  await agent.ask('init', '--name', 'laptop')
  await agent.ask('stage', 'developer', '--yes')
  await agent.start()
  ear = connect({ credential: await credentialOf('ear') })
})
afterEach(async () => {
  await ear?.close()
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await agent.end()
})

async function credentialOf(module: string): Promise<string> {
  return (await agent.ask<{ credential: string }>('modules', 'add', module)).credential
}

/** Lines the program prints, as JSON, and the code it ends with. */
function startPython(credential: string, ...args: readonly string[]) {
  const child = spawn(PYTHON, [MODULE_PY, ...args], {
    env: { ...process.env, AICO_MESH_MODULE: credential },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error(`the Python module ended (apt-get install python3-zmq?): ${stderr}`)
    return JSON.parse(value)
  }
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  return { next, ended }
}

test('[BU6] [BU24] [BU30] a Python module is asked, answers, and its spans stand where they belong in the trace', async () => {
  const python = startPython(await credentialOf('greeter'), '--count', '1')
  expect(await python.next()).toEqual({ event: 'ready', module: 'greeter', stage: 'developer' })
  const answered = new Promise<ReceivedMessage>((resolve) => ear.subscribe('greeting/answered', resolve))
  expect(await ear.flush()).toBe(true) // the subscription is answered, so it stands before anybody publishes
  const root = ear.tracer.startActiveSpan('conversation', (span) => {
    ear.publish('greeting/asked', { name: 'Ada' })
    span.end()
    return span.spanContext()
  })
  const answer = await answered
  expect([answer.source, answer.json()]).toEqual(['greeter', { text: 'hello, Ada' }])
  expect(await python.next()).toEqual({ event: 'committed', spans: 2, rejected: 0 })
  expect(await python.ended).toBe(0)
  expect(await ear.flush()).toBe(true)

  const view = await agent.ask<TraceView>('traces', 'show', root.traceId)
  const id = (name: string, module: string): string =>
    view.spans.find((span) => span.name === name && span.module === module)?.spanId ?? `no ${name} of ${module}`
  const asked = id('publish greeting/asked', 'ear')
  const handled = id('process greeting/asked', 'greeter')
  const replied = id('publish greeting/answered', 'greeter')
  const { traceId } = root
  expect(view.complete).toBe(true)
  expect(
    view.spans.map(({ module, name, kind, parentSpanId, links }) => ({ module, name, kind, parentSpanId, links })),
  ).toEqual([
    { module: 'ear', name: 'conversation', kind: 'internal', parentSpanId: null, links: [] },
    { module: 'ear', name: 'publish greeting/asked', kind: 'producer', parentSpanId: root.spanId, links: [] },
    {
      module: 'greeter',
      name: 'process greeting/asked',
      kind: 'consumer',
      parentSpanId: asked,
      links: [{ traceId, spanId: asked }],
    },
    { module: 'greeter', name: 'publish greeting/answered', kind: 'producer', parentSpanId: handled, links: [] },
    {
      module: 'ear',
      name: 'process greeting/answered',
      kind: 'consumer',
      parentSpanId: replied,
      links: [{ traceId, spanId: replied }],
    },
  ])
})

test('[BU1] a Python module with another module’s key gets no session', async () => {
  const [greeter, thief] = [await credentialOf('greeter'), await credentialOf('thief')]
  const { publicKey, secretKey } = readJson(thief)
  writeFileSync(thief, JSON.stringify({ ...readJson(greeter), publicKey, secretKey }))
  await expect(startPython(thief, '--count', '1').next()).rejects.toThrow('the agent does not answer')
  expect(await startPython(greeter, '--count', '1').next()).toMatchObject({ event: 'ready', module: 'greeter' })
})

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
}
