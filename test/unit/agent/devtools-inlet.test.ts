import { duplexPair } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import {
  DevtoolsInlet,
  FRAME_TIMEOUT_MS,
  MAX_ASKS,
  MAX_PUSHES_WAITING,
  type DevtoolsInletDeps,
} from '../../../src/agent/devtools-inlet.ts'
import { IntakeGate } from '../../../src/agent/intake-gate.ts'
import type { HealthView } from '../../../src/agent/http-types/health.ts'
import type { Push } from '../../../src/agent/keeper/otlp-calls.ts'
import { concat } from '../../../src/base/bytes.ts'
import { MeshError } from '../../../src/base/errors.ts'
import { encodeAnswers, encodeLinkHead, type PushHead } from '../../../src/wire/devtools-link.ts'
import { MAX_OTLP_BYTES } from '../../../src/wire/otlp/limits.ts'
import { answerReader } from '../../support/link-answers.ts'
import { manualClock } from '../../support/manual-clock.ts'

/** A call that the store was given, and what ends it. */
interface StoreCall {
  readonly method: string
  readonly argument: unknown
  readonly buffers: readonly ArrayBuffer[]
  readonly settle: PromiseWithResolvers<unknown>
}

function setUp(limitBytes?: number) {
  const clock = manualClock()
  const gate = new IntakeGate(limitBytes)
  const calls: StoreCall[] = []
  const logged: unknown[] = []
  const callMoving = (buffers: readonly ArrayBuffer[], method: string, argument: unknown): Promise<unknown> => {
    const settle = Promise.withResolvers<unknown>()
    calls.push({ method, argument, buffers, settle })
    return settle.promise
  }
  const keeper = {
    callMoving,
    call: (method: string, argument: unknown) => callMoving([], method, argument),
  } as unknown as DevtoolsInletDeps['keeper']
  const note = (fields: object): void => void logged.push(fields)
  const looks: PromiseWithResolvers<HealthView>[] = []
  const look = (): Promise<HealthView> => {
    const settle = Promise.withResolvers<HealthView>()
    looks.push(settle)
    return settle.promise
  }
  const health = { look }
  const inlet = new DevtoolsInlet({ keeper, gate, clock, health, log: { warn: note, error: note } })
  return { inlet, clock, gate, looks, calls, logged, ...connect(inlet) }
}

/** A process that speaks to the inlet: `said` is what it was answered. */
function connect(inlet: DevtoolsInlet) {
  const [process, connection] = duplexPair()
  const { answers, push } = answerReader()
  process.on('data', push)
  inlet.open(connection)
  const statuses = () => answers.map(({ request, status }) => [request, status])
  const isOpen = () => !connection.destroyed
  return { process, connection, answers, statuses, isOpen }
}

const head = (request: number, length: number, more: Partial<PushHead> = {}): Uint8Array =>
  encodeLinkHead({ kind: 'push', request, signal: 'traces', encoding: 'protobuf', gzip: false, length, ...more })
const frame = (request: number, body: Uint8Array): Uint8Array => concat(head(request, body.length), body)
const pushesOf = ({ argument }: StoreCall): readonly Push[] => argument as readonly Push[]

/** Lets streams and promises do what they are about to. */
async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await setImmediate()
}
const answerAll = (call: StoreCall): void =>
  call.settle.resolve(
    encodeAnswers(
      pushesOf(call).map(({ request, encoding }) => ({
        request,
        status: 200,
        encoding,
        retryAfterS: 0,
        body: new Uint8Array(),
      })),
    ),
  )

test('[OH20] what came together goes to the store together, in buffers of its own, and the answers go back as they are', async () => {
  const { process, calls, statuses, gate } = setUp()
  process.write(
    concat(
      frame(1, Uint8Array.of(7)),
      head(2, 2, { signal: 'logs', encoding: 'json', gzip: true }),
      Uint8Array.of(8, 9),
    ),
  )
  await settled()
  expect(calls.map(({ method }) => method)).toEqual(['takePushes'])
  const [call] = calls as [StoreCall]
  expect(pushesOf(call)).toEqual([
    { request: 1, signal: 'traces', encoding: 'protobuf', gzip: false, body: Buffer.of(7) },
    { request: 2, signal: 'logs', encoding: 'json', gzip: true, body: Buffer.of(8, 9) },
  ])
  expect(call.buffers.map(({ byteLength }) => byteLength)).toEqual([1, 2])
  expect(call.buffers).toEqual(pushesOf(call).map(({ body }) => body.buffer))
  expect([gate.waitingBytes, statuses()]).toEqual([3, []])
  answerAll(call)
  await settled()
  expect(gate.waitingBytes).toBe(0)
  expect(statuses()).toEqual([
    [1, 200],
    [2, 200],
  ])
})

test('[OH22] a body that does not fit any more is passed over and told to come back; what fits again is taken', async () => {
  const { process, calls, answers, statuses } = setUp(10)
  process.write(concat(frame(1, new Uint8Array(10)), head(2, 1, { encoding: 'json' }), Uint8Array.of(1)))
  await settled()
  expect(calls.map(pushesOf)).toMatchObject([[{ request: 1 }]])
  expect(answers).toMatchObject([{ request: 2, status: 503, encoding: 'json', retryAfterS: 1 }])
  answerAll(calls[0] as StoreCall)
  await settled()
  process.write(frame(3, new Uint8Array(10)))
  await settled()
  answerAll(calls[1] as StoreCall)
  await settled()
  expect(statuses()).toEqual([
    [2, 503],
    [1, 200],
    [3, 200],
  ])
})

test('[OH21] requests that wait are bounded in number, however small they are', async () => {
  const { process, calls, statuses } = setUp()
  const frames = Array.from({ length: MAX_PUSHES_WAITING + 1 }, (_, request) => head(request, 0))
  process.write(concat(...frames))
  await settled()
  expect(calls.flatMap(pushesOf).length).toBe(MAX_PUSHES_WAITING)
  expect(statuses()).toEqual([[MAX_PUSHES_WAITING, 503]])
})

const broken: readonly { name: string; bytes: Uint8Array }[] = [
  { name: 'a kind nobody knows', bytes: head(1, 0).fill(9, 0, 1) },
  {
    name: 'an answer, which is ours to give',
    bytes: encodeAnswers([{ request: 1, status: 200, encoding: 'json', retryAfterS: 0, body: new Uint8Array() }]),
  },
  { name: 'a length over the limit', bytes: head(1, MAX_OTLP_BYTES + 1) },
]
test.each(broken)('[OH21] $name ends the link, and what came before it is stored', async ({ bytes }) => {
  const { process, calls, logged, isOpen, gate } = setUp()
  process.on('error', () => {})
  process.write(concat(frame(1, Uint8Array.of(1)), bytes, frame(2, Uint8Array.of(2))))
  await settled()
  expect(isOpen()).toBe(false)
  expect(calls.map(pushesOf)).toMatchObject([[{ request: 1 }]])
  expect(logged).toMatchObject([{ code: expect.stringMatching(/^LINK_/) }])
  answerAll(calls[0] as StoreCall)
  await settled()
  expect(gate.waitingBytes).toBe(0)
})

test('[OH21] who stops inside a frame is cut off in time, and its room given back; who goes on is not', async () => {
  const { process, clock, gate, isOpen } = setUp()
  process.write(head(1, 100))
  await settled()
  expect(gate.waitingBytes).toBe(100)
  clock.advance(FRAME_TIMEOUT_MS - 1)
  process.write(concat(new Uint8Array(100), head(2, 50)))
  await settled()
  clock.advance(FRAME_TIMEOUT_MS)
  await settled()
  expect([isOpen(), gate.waitingBytes]).toEqual([true, 150])
  clock.advance(1)
  clock.advance(FRAME_TIMEOUT_MS)
  await settled()
  expect([isOpen(), gate.waitingBytes]).toEqual([false, 100]) // the first is with the store
})

test('[OH21] half a head is the beginning of a frame too', async () => {
  const { process, clock, isOpen } = setUp()
  process.write(head(1, 100).subarray(0, 5))
  await settled()
  clock.advance(FRAME_TIMEOUT_MS)
  await settled()
  expect(isOpen()).toBe(false)
})

test('[OH21] a process that does not read its answers is not read either', async () => {
  const { process, calls } = setUp()
  process.pause()
  process.write(frame(1, Uint8Array.of(1)))
  await settled()
  const body = new Uint8Array(1 << 20)
  const long = encodeAnswers([{ request: 1, status: 200, encoding: 'json', retryAfterS: 0, body }])
  calls[0]?.settle.resolve(long)
  await settled()
  process.write(frame(2, Uint8Array.of(2)))
  await settled()
  expect(calls.length).toBe(1)
  process.resume()
  await settled()
  expect(calls.length).toBe(2)
})

test('[IN9] what the store thread cannot take is told to come back, and gives its room back', async () => {
  const { process, calls, statuses, gate, logged, isOpen } = setUp()
  process.write(frame(1, Uint8Array.of(1)))
  await settled()
  calls[0]?.settle.reject(new MeshError('WORKER_GONE', 'the store thread has ended'))
  await settled()
  expect(statuses()).toEqual([[1, 503]])
  expect([gate.waitingBytes, logged.length, isOpen()]).toEqual([0, 1, true])
})

test('[OH16] a new link ends the one before it, and one that its process ends is gone', async () => {
  const { inlet, isOpen, gate, process } = setUp()
  process.write(head(1, 100))
  await settled()
  const next = connect(inlet)
  await settled()
  expect([isOpen(), next.isOpen(), gate.waitingBytes]).toEqual([false, true, 0])
  next.process.end()
  await settled()
  expect(next.isOpen()).toBe(false)
})

test('[OH11] refusals of the process are added up while the store is told of earlier ones', async () => {
  const { process, calls } = setUp()
  const refused = (status: number, count: number) => encodeLinkHead({ kind: 'refused', status, count, length: 0 })
  process.write(refused(413, 2))
  await settled()
  for (let i = 0; i < 100; i++) process.write(concat(refused(404, 1), refused(413, 1)))
  await settled()
  expect(calls.map(({ method, argument }) => [method, argument])).toEqual([['otlpRefused', [[413, 2]]]])
  calls[0]?.settle.resolve(undefined)
  await settled()
  expect(calls[1]?.argument).toEqual([
    [404, 100],
    [413, 100],
  ])
})

const ask = (request: number, isVerbose = false): Uint8Array =>
  encodeLinkHead({ kind: 'ask', request, probe: 'readyz', isVerbose, length: 0 })
const READY: HealthView = { live: true, ready: true, checks: [] }

test('[HE24] a question is answered with what health says, and with 503 where it cannot say', async () => {
  const { process, looks, answers } = setUp()
  process.write(concat(ask(1), ask(2), ask(3)))
  await settled()
  looks[0]?.resolve(READY)
  looks[1]?.resolve({
    live: true,
    ready: false,
    checks: [{ source: 'ear', name: 'model', kind: 'readiness', status: 'fail', reason: 'none', sinceUnixMs: 0 }],
  })
  looks[2]?.reject(new MeshError('STAGE_TOO_LOW', 'this needs the pro stage'))
  await settled()
  expect(answers.map(({ request, status, body }) => [request, status, Buffer.from(body).toString()])).toEqual([
    [1, 200, 'ok\n'],
    [2, 503, '[-] ear/model: none\n'],
    [3, 503, 'the agent cannot say now\n'],
  ])
})

test('[HE24] so many questions are looked into at once; one more is busy, until one is answered', async () => {
  const { process, looks, statuses } = setUp()
  process.write(concat(...Array.from({ length: MAX_ASKS + 1 }, (_, i) => ask(i))))
  await settled()
  expect(looks).toHaveLength(MAX_ASKS)
  expect(statuses()).toEqual([[MAX_ASKS, 503]])
  for (const look of looks) look.resolve(READY)
  await settled()
  process.write(ask(99))
  await settled()
  expect(looks).toHaveLength(MAX_ASKS + 1)
})
