import { beforeEach, describe, expect, test } from 'vitest'
import {
  MAX_TAILS,
  MAX_UNSEEN_BYTES,
  MAX_WAITING_BYTES,
  MAX_WAITING_LINES,
  TailHub,
  type TailNews,
} from '../../../../src/agent/keeper/tail-hub.ts'
import type { Committed } from '../../../../src/agent/keeper/look-later.ts'
import type { LiveLines } from '../../../../src/query/search/live-lines.ts'
import { OtlpError } from '../../../../src/wire/otlp/otlp-error.ts'
import { manualClock, type ManualClock } from '../../../support/manual-clock.ts'
import { deviceId } from '../../query/make-chunk.ts'

/** Work that runs when the test says so. */
let waiting: (() => void)[]
let failures: unknown[]
let hub: TailHub
/** What was looked at. */
let looked: number

beforeEach(() => {
  waiting = []
  failures = []
  looked = 0
  hub = newHub(manualClock())
})

function newHub(clock: ManualClock): TailHub {
  return new TailHub({ clock, later: (work) => waiting.push(work), onFailure: (err) => failures.push(err) })
}

function settle(): void {
  for (let work = waiting.shift(); work !== undefined; work = waiting.shift()) work()
}

/** A line for each byte of a payload. */
const everyByte: LiveLines = function* ({ payload }, tell) {
  yield
  looked++
  for (const byte of payload) tell(String(byte))
}

const nothing: LiveLines = function* () {
  yield
}

function committed(payload: Uint8Array, lane = 'logs'): Committed {
  const chunk = { deviceId: deviceId('laptop'), module: 'm', provenance: 'unverified', payload } as const
  return { lane, records: payload.length, chunk }
}

const text = ({ lines }: TailNews): string => new TextDecoder().decode(lines)

describe('watching', () => {
  test('[SQ16] what is committed is told to whoever watches that lane, in order', async () => {
    const [logs, traces] = [hub.open('logs', everyByte), hub.open('traces', everyByte)]
    hub.offer(committed(Uint8Array.of(1, 2)))
    hub.offer(committed(Uint8Array.of(3)))
    hub.offer(committed(Uint8Array.of(9), 'traces'))
    settle()
    expect(text(await hub.read(logs, undefined))).toBe('1\n2\n3\n')
    expect(text(await hub.read(traces, undefined))).toBe('9\n')
  })

  test('[SQ16] nothing is looked at, and nothing kept, while nobody watches that lane', async () => {
    hub.offer(committed(Uint8Array.of(1)))
    const id = hub.open('traces', everyByte)
    hub.offer(committed(Uint8Array.of(2)))
    hub.close(id)
    hub.offer(committed(Uint8Array.of(3), 'traces'))
    expect([waiting.length, looked]).toEqual([0, 0])
    expect(hub.isWatched('traces')).toBe(false)
  })

  test('[SQ16] what comes is looked at later: offering it costs ingest a copy and no more', async () => {
    const id = hub.open('logs', everyByte)
    const payload = Uint8Array.of(1)
    hub.offer(committed(payload))
    payload[0] = 7 // whoever gave it may use it again
    expect(looked).toBe(0)
    settle()
    expect(text(await hub.read(id, undefined))).toBe('1\n')
  })

  test('[SQ16] a read waits for news, and ends without any when its asker is gone', async () => {
    const id = hub.open('logs', everyByte)
    const asker = new AbortController()
    const read = hub.read(id, undefined)
    hub.offer(committed(Uint8Array.of(5)))
    settle()
    expect(text(await read)).toBe('5\n')
    const open = hub.read(id, asker.signal)
    asker.abort()
    expect(await open).toEqual({ dropped: 0, lines: Buffer.alloc(0) })
    expect(await hub.read(id, AbortSignal.abort())).toMatchObject({ dropped: 0 })
  })

  test('[SQ16] lines that do not match tell nothing, and wake nobody', async () => {
    const id = hub.open('logs', nothing)
    const asker = new AbortController()
    let isAwake = false
    const read = hub.read(id, asker.signal).then(() => (isAwake = true))
    hub.offer(committed(Uint8Array.of(5)))
    settle()
    expect(isAwake).toBe(false)
    asker.abort()
    await read
  })
})

describe('turns', () => {
  test('[SQ16] looking lets everything else in after 10 ms, and goes on then', () => {
    const clock = manualClock()
    const steps: number[] = []
    const slow: LiveLines = function* (_chunk, tell) {
      for (let i = 0; i < 10; i++) {
        clock.advance(4)
        steps.push(i)
        yield
      }
      tell('done')
    }
    hub = newHub(clock)
    hub.open('logs', slow)
    hub.offer(committed(Uint8Array.of(1)))
    waiting.shift()?.()
    expect([steps.length, waiting.length]).toEqual([3, 1])
    settle()
    expect(steps).toHaveLength(10)
  })
})

describe('bounds', () => {
  test('[SQ16] of too many lines the oldest go, and how many is told first', async () => {
    const id = hub.open('logs', everyByte)
    hub.offer(committed(new Uint8Array(MAX_WAITING_LINES).fill(1)))
    hub.offer(committed(Uint8Array.of(2, 3)))
    settle()
    const news = await hub.read(id, undefined)
    expect(news.dropped).toBe(2)
    expect(text(news).split('\n')).toHaveLength(MAX_WAITING_LINES + 1)
    expect(text(news).endsWith('1\n2\n3\n')).toBe(true)
    hub.offer(committed(Uint8Array.of(4)))
    settle()
    expect(await hub.read(id, undefined)).toMatchObject({ dropped: 0 })
  })

  test('[SQ16] of too many bytes too, also when one line alone is too much', async () => {
    const size = MAX_WAITING_BYTES / 2
    const id = hub.open('logs', function* ({ payload }, tell) {
      yield
      tell('x'.repeat((payload[0] as number) * size))
    })
    for (const times of [1, 1, 1]) hub.offer(committed(Uint8Array.of(times)))
    settle()
    expect(await hub.read(id, undefined)).toMatchObject({ dropped: 2 })
    hub.offer(committed(Uint8Array.of(2)))
    settle()
    expect(await hub.read(id, undefined)).toMatchObject({ dropped: 1, lines: Buffer.alloc(0) })
  })

  test('[SQ16] what waits to be looked at is bounded: more is dropped, and counted by its records', async () => {
    const id = hub.open('logs', everyByte)
    hub.offer(committed(new Uint8Array(MAX_UNSEEN_BYTES)))
    hub.offer(committed(Uint8Array.of(1, 2, 3)))
    const news = await hub.read(id, undefined)
    expect([news.dropped, looked]).toEqual([3, 0])
    hub.close(id)
    const next = hub.open('logs', everyByte)
    hub.offer(committed(Uint8Array.of(7)))
    settle()
    expect(text(await hub.read(next, undefined))).toBe('7\n')
  })

  test('[SQ16] so many can watch at once, and no more', () => {
    const ids = Array.from({ length: MAX_TAILS }, () => hub.open('logs', everyByte))
    expect(() => hub.open('logs', everyByte)).toThrow(expect.objectContaining({ code: 'TAIL_BUSY' }))
    hub.close(ids[0] as number)
    expect(() => hub.open('logs', everyByte)).not.toThrow()
  })

  test('[SQ16] a watcher that was closed is no more, also in the middle of a read', async () => {
    const id = hub.open('logs', everyByte)
    const read = hub.read(id, undefined)
    hub.close(id)
    await expect(read).rejects.toMatchObject({ code: 'TAIL_ENDED' })
    await expect(hub.read(id, undefined)).rejects.toMatchObject({ code: 'TAIL_ENDED' })
  })
})

describe('what goes wrong', () => {
  test('[SQ16] a payload that cannot be read is counted, and loses nothing else', async () => {
    const id = hub.open('logs', function* (chunk, tell) {
      if (chunk.payload[0] === 0) throw new OtlpError('OTLP_MALFORMED', 'no')
      yield* everyByte(chunk, tell)
    })
    hub.offer(committed(Uint8Array.of(0, 0)))
    hub.offer(committed(Uint8Array.of(8)))
    settle()
    const news = await hub.read(id, undefined)
    expect([news.dropped, text(news)]).toEqual([2, '8\n'])
    expect(failures).toEqual([])
  })

  test('[SQ16] a bug is told, and the next records are looked at all the same', async () => {
    let isBroken = true
    const id = hub.open('logs', function* (chunk, tell) {
      if (isBroken) throw new TypeError('a bug')
      yield* everyByte(chunk, tell)
    })
    hub.offer(committed(Uint8Array.of(1)))
    settle()
    expect(failures).toHaveLength(1)
    isBroken = false
    hub.offer(committed(Uint8Array.of(2)))
    settle()
    expect(text(await hub.read(id, undefined))).toBe('2\n')
  })
})
