import { expect, test } from 'vitest'
import {
  DevtoolsProcess,
  RESTART_MAX_MS,
  RESTART_MIN_MS,
  STABLE_AFTER_MS,
  START_TIMEOUT_MS,
  STOP_GRACE_MS,
} from '../../../src/agent/devtools-process.ts'
import { DevtoolsError, type DevtoolsExit, type DevtoolsListeningAt } from '../../../src/devtools/launch.ts'
import type { DevtoolsConfig } from '../../../src/devtools/process-words.ts'
import { manualClock } from '../../support/manual-clock.ts'

const TOKEN = 'capability-token-of-the-devtools-process'

/** One run of a process that does what the test says. */
class FakeChild {
  readonly pid = 1
  config: DevtoolsConfig | undefined
  readonly listening: Promise<DevtoolsListeningAt>
  readonly exited: Promise<DevtoolsExit>
  isAskedToEnd = false
  endsWhenAsked = true
  listen: (port: number) => void = () => {}
  exit: (code?: number) => void = () => {}

  constructor() {
    this.exited = new Promise((resolve) => {
      this.exit = (code = 1) => resolve({ code, signal: null, stderr: 'why' })
    })
    this.listening = new Promise((resolve, reject) => {
      this.listen = (port) => resolve({ url: `http://127.0.0.1:${port}`, port })
      void this.exited.then(() => reject(new DevtoolsError('DEVTOOLS_START_FAILED', 'ended')))
    })
    this.listening.catch(() => {})
  }

  serve(config: DevtoolsConfig): void {
    this.config = config
  }

  end(): void {
    this.isAskedToEnd = true
    if (this.endsWhenAsked) this.exit(0)
  }

  kill(): void {
    this.exit()
  }
}

function setUp(port?: number) {
  const clock = manualClock()
  const children: FakeChild[] = []
  const logged: object[] = []
  const launch = (): FakeChild => {
    const child = new FakeChild()
    children.push(child)
    return child
  }
  const log = { debug() {}, info() {}, error() {}, warn: (fields: object) => logged.push(fields) }
  const options = { socketPath: '/agent.sock', token: TOKEN, ...(port !== undefined && { port }) }
  const devtools = new DevtoolsProcess({ log, clock, launch }, options)
  const last = (): FakeChild => children.at(-1) as FakeChild
  return { clock, children, logged, devtools, last }
}

/** Lets everything that waits only for settled promises run. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

async function started(port?: number) {
  const all = setUp(port)
  const start = all.devtools.start()
  all.last().listen(4318)
  await start
  return all
}

test('[OH15] start hands over the configuration and resolves once the child listens; stop ends it', async () => {
  const { devtools, last } = setUp()
  const start = devtools.start()
  expect(last().config).toEqual({ socketPath: '/agent.sock', token: TOKEN, port: 4318 })
  expect(devtools.url()).toBeUndefined()
  last().listen(40_000)
  await start
  expect([devtools.url(), devtools.pid()]).toEqual(['http://127.0.0.1:40000', 1])
  await devtools.stop()
  expect(last().isAskedToEnd).toBe(true)
  expect([devtools.url(), devtools.pid()]).toEqual([undefined, undefined])
})

test('[OH15] one that was begun is told nothing until the start, which takes it', async () => {
  const { devtools, children, last } = setUp()
  devtools.begin()
  devtools.begin()
  expect([children.length, last().config]).toEqual([1, undefined])
  const start = devtools.start()
  expect([children.length, last().config?.token]).toEqual([1, TOKEN])
  last().listen(4318)
  await start
})

test('[OH15] one that was begun and has ended meanwhile does not fail the start', async () => {
  const { devtools, children, last } = setUp()
  devtools.begin()
  last().exit()
  await settle()
  const start = devtools.start()
  expect(children.length).toBe(2)
  last().listen(4318)
  await start
})

test('[OH17] one that was begun and is not wanted ends', async () => {
  const { devtools, last } = setUp()
  devtools.begin()
  await devtools.stop()
  expect(last().isAskedToEnd).toBe(true)
})

test('[OH19] a child that ends before it listens fails the start, and is not tried again', async () => {
  const { devtools, last, clock, children } = setUp()
  const start = devtools.start()
  last().exit()
  await expect(start).rejects.toMatchObject({ code: 'DEVTOOLS_START_FAILED' })
  clock.advance(10 * RESTART_MAX_MS)
  await settle()
  expect(children.length).toBe(1)
})

test('[OH19] a child that does not listen in time is killed and fails the start', async () => {
  const { devtools, clock } = setUp()
  const start = devtools.start()
  clock.advance(START_TIMEOUT_MS)
  await expect(start).rejects.toMatchObject({ code: 'DEVTOOLS_START_TIMEOUT' })
  expect(devtools.pid()).toBeUndefined()
})

test('[OH19] stopped while it starts, it ends and the start says so', async () => {
  const { devtools, last } = setUp()
  const start = devtools.start()
  await Promise.all([expect(start).rejects.toMatchObject({ code: 'DEVTOOLS_STOPPED' }), devtools.stop()])
  expect(last().isAskedToEnd).toBe(true)
})

test('[OH19] a child that dies is started again on the same port, with pauses that double up to a bound', async () => {
  const { devtools, last, clock, children, logged } = await started(0)
  for (let failures = 0; failures < 9; failures++) {
    last().exit()
    await settle()
    expect(devtools.url()).toBeUndefined()
    const pauseMs = Math.min(RESTART_MIN_MS * 2 ** failures, RESTART_MAX_MS)
    clock.advance(pauseMs - 1)
    expect(children.length).toBe(failures + 1)
    clock.advance(1)
    expect(children.length).toBe(failures + 2)
    expect(last().config?.port).toBe(4318)
    last().listen(4318)
    await settle()
    expect(devtools.url()).toBe('http://127.0.0.1:4318')
  }
  expect(logged[0]).toMatchObject({ code: 1, pauseMs: RESTART_MIN_MS })
  await devtools.stop()
})

test('[OH19] a child that dies while it restarts is tried again later', async () => {
  const { devtools, last, clock, children } = await started()
  last().exit()
  await settle()
  clock.advance(RESTART_MIN_MS)
  last().exit()
  await settle()
  clock.advance(2 * RESTART_MIN_MS)
  expect(children.length).toBe(3)
  last().listen(4318)
  await settle()
  expect(devtools.url()).toBe('http://127.0.0.1:4318')
  await devtools.stop()
})

test('[OH19] a long run ends the row of failures', async () => {
  const { devtools, last, clock, children } = await started()
  last().exit()
  await settle()
  clock.advance(RESTART_MIN_MS)
  last().listen(4318)
  await settle()
  clock.advance(STABLE_AFTER_MS)
  last().exit()
  await settle()
  clock.advance(RESTART_MIN_MS)
  expect(children.length).toBe(3)
  await devtools.stop()
})

test('[OH19] stopped in the pause before a restart, it stays stopped', async () => {
  const { devtools, last, clock, children } = await started()
  last().exit()
  await settle()
  await devtools.stop()
  clock.advance(10 * RESTART_MAX_MS)
  await settle()
  expect(children.length).toBe(1)
})

test('[OH17] a child that does not end when asked is killed', async () => {
  const { devtools, last, clock } = await started()
  last().endsWhenAsked = false
  const stop = devtools.stop()
  clock.advance(STOP_GRACE_MS)
  await stop
  expect(devtools.pid()).toBeUndefined()
})

test('[OH17] stopping twice, or before a start, is nothing', async () => {
  const { devtools, children } = setUp()
  await devtools.stop()
  await devtools.stop()
  expect(children).toEqual([])
})
