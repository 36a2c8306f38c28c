/** A module that shares no code with us, in Python with Debian's libzmq, takes part in a trace. Needs python3-zmq, and says so. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { context, trace, type SpanContext } from '@opentelemetry/api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TraceView } from '../../src/agent/http-types/traces.ts'
import { connect, type Module, type ReceivedMessage } from '../../src/sdk/index.ts'
import { readCredential } from '../../src/wire/bus-credential.ts'
import { RawModule } from '../contract/bus-harness.ts'
import { AgentProgram } from '../support/agent-program.ts'
import { waitFor } from '../support/wait-for.ts'

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
  expect(await python.next()).toEqual({ event: 'answered', kept: 2 })
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

test('[BU73] [BU24] a Python module answers a request, and asks one itself: all of it is one trace', async () => {
  const python = startPython(await credentialOf('greeter'), '--count', '1', '--ask', 'names/short')
  await python.next()
  ear.subscribe('names/short', (message) => ((message.json() as { name: string }).name === 'Augusta' ? 'Ada' : null))
  expect(await ear.flush()).toBe(true)
  const { answer, traceId } = await ear.tracer.startActiveSpan('conversation', async (span) => {
    const asked = await ear.request('greeting/asked', { name: 'Augusta' })
    span.end()
    return { answer: asked.json(), traceId: span.spanContext().traceId }
  })
  expect(answer).toEqual({ text: 'hello, Ada' })
  expect(await python.next()).toEqual({ event: 'answered', kept: 4 })
  expect(await ear.flush()).toBe(true)
  const { spans, complete } = await agent.ask<TraceView>('traces', 'show', traceId)
  const nameOf = (spanId: string | null) => spans.find((span) => span.spanId === spanId)?.name.replace(/\/[^/]+$/, '')
  expect(complete).toBe(true)
  expect(
    spans.map(({ module, name, kind, parentSpanId }) => [
      module,
      name.replace(/\/[^/]+$/, ''),
      kind,
      nameOf(parentSpanId),
    ]),
  ).toEqual(
    expect.arrayContaining([
      ['ear', 'request greeting', 'client', 'conversation'],
      ['ear', 'publish greeting', 'producer', 'request greeting'],
      ['greeter', 'process greeting', 'consumer', 'publish greeting'],
      ['greeter', 'request names', 'client', 'process greeting'],
      ['greeter', 'publish names', 'producer', 'request names'],
      ['ear', 'process names', 'consumer', 'publish names'],
      ['greeter', 'publish reply/ear', 'producer', 'process greeting'],
    ]),
  )
})

test('[TC2] [TC5] a Python module passes on what came with a trace, and derives ids of older modules as all do', async () => {
  const python = startPython(await credentialOf('greeter'), '--count', '2')
  await python.next()
  const heard: SpanContext[] = []
  ear.subscribe('greeting/answered', () => void heard.push(trace.getSpanContext(context.active()) as SpanContext))
  const read = readCredential(readJson(await credentialOf('older')))
  if ('bad' in read) throw new Error(read.bad)
  expect(await ear.flush()).toBe(true)
  using older = new RawModule(read.credential)
  await older.greet()
  const head = {
    v: 1,
    id: 'm',
    topic: 'greeting/asked',
    time_unix_nano: '1',
    content_type: 'application/json',
  } as const
  const traceparent = 'cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02-more'
  const body = new TextEncoder().encode('{"name":"Ada"}')
  await older.send({ kind: 'publish', envelope: { ...head, traceparent, tracestate: 'vendor=1' }, body })
  // Not sampled by its caller: answered, and not recorded.
  expect(await python.next()).toEqual({ event: 'answered', kept: 0 })
  await older.send({ kind: 'publish', envelope: { ...head, trace: { trace_id: 'abc123', span_id: 'ghi789' } }, body })
  expect(await python.next()).toEqual({ event: 'answered', kept: 2 })
  expect(await python.ended).toBe(0)
  await waitFor('both answers', () => heard.length === 2)
  expect(heard.map(({ traceId, traceFlags }) => [traceId, traceFlags])).toEqual([
    ['0af7651916cd43dd8448eb211c80319c', 2],
    ['ef97a1ac0e10a1d2412c917ae5a2f778', 1],
  ])
  expect(heard[0]?.traceState?.serialize()).toBe('vendor=1')
})

test('[BU6] [BU12] [BU41] a Python module goes on when its agent was killed and is back', async () => {
  const python = startPython(await credentialOf('greeter'), '--count', '1')
  await python.next()
  agent.kill('SIGKILL')
  await agent.ended()
  await agent.start()
  await waitFor('its answer', async () => {
    const answer = await ear.request('greeting/asked', { name: 'Ada' }, { timeoutMs: 1_000 }).catch(() => undefined)
    return answer?.text() === '{"text": "hello, Ada"}'
  })
  expect(await python.ended).toBe(0)
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
