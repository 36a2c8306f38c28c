import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WorkerClient } from '../../../src/agent/worker-port.ts'
import { MeshError } from '../../../src/base/errors.ts'

// eslint-disable-next-line typescript/consistent-type-definitions -- an interface has no index signature, which Callable asks for
type Api = {
  add(a: number, b: number): number
  later(text: string): string
  bytes(): Uint8Array
  parts(): readonly Uint8Array[]
  keptBytes(): number
  sum(bytes: Uint8Array): number
  refuse(): void
  bug(): void
  translated(): void
  uncloneable(): void
  never(): void
  untilCancelled(word: string, signal?: AbortSignal): string
  tell(): void
  exit(): void
}

let worker: Worker
let client: WorkerClient<Api>
const events: unknown[] = []
let gone: Promise<unknown>

beforeEach(() => {
  events.length = 0
  worker = new Worker(new URL('./worker-port-child.ts', import.meta.url))
  const { promise, resolve } = Promise.withResolvers<unknown>()
  gone = promise
  client = new WorkerClient<Api>(worker, (event, value) => events.push([event, value]), resolve)
})
afterEach(() => worker.terminate())

describe('calls across a thread', () => {
  test('[HT12] answers come back to their callers, in whatever order they end', async () => {
    expect(
      await Promise.all([client.call('later', 'abc'), client.call('add', 2, 3), client.call('add', 4, 5)]),
    ).toEqual(['ABC', 5, 9])
    expect(await client.call('bytes')).toEqual(Uint8Array.of(1, 2, 3))
  })

  test('[QU28] a call that is cancelled is told so, and no other; it ends as it sees fit', async () => {
    const [first, second] = [new AbortController(), new AbortController()]
    const calls = [
      client.callUntil(first.signal, 'untilCancelled', 'first'),
      client.callUntil(second.signal, 'untilCancelled', 'second'),
    ]
    second.abort()
    expect(await calls[1]).toBe('second ended')
    first.abort()
    expect(await calls[0]).toBe('first ended')
    expect(await client.callUntil(AbortSignal.abort(), 'untilCancelled', 'third')).toBe('third ended')
  })

  test('[QU28] to cancel what has ended does nothing', async () => {
    const asker = new AbortController()
    expect(await client.call('add', 1, 2)).toBe(3)
    const open = client.callUntil(asker.signal, 'untilCancelled', 'x')
    asker.abort()
    await open
    expect(await client.call('add', 3, 4)).toBe(7)
  })

  test('[HT12] a buffer may be moved instead of copied: it is not here any more', async () => {
    const bytes = Uint8Array.of(1, 2, 3)
    expect(await client.callMoving([bytes.buffer], 'sum', bytes)).toBe(6)
    expect(bytes.length).toBe(0)
    const kept = Uint8Array.of(4, 5)
    expect(await client.call('sum', kept)).toBe(9)
    expect(kept.length).toBe(2)
  })

  test('[HT12] an error keeps code, message and details', async () => {
    const err = await client.call('refuse').catch((each: unknown) => each)
    expect(err).toBeInstanceOf(MeshError)
    expect(err).toMatchObject({ code: 'STORE_LOCKED', message: 'not now', details: { waitMs: 7 } })
  })

  test('[HT12] a bug is INTERNAL: where it happened, never its words', async () => {
    const err = await client.call('bug').catch((each: unknown) => each)
    expect(err).toMatchObject({ code: 'INTERNAL', details: { error: 'TypeError' } })
    expect(JSON.stringify(err) + String(err)).not.toContain('words that may be data')
    expect(JSON.stringify((err as MeshError).details)).toContain('worker-port-child')
  })

  test('[HT12] what a library throws is translated on the way', async () => {
    await expect(client.call('translated')).rejects.toMatchObject({ code: 'STORE_IO' })
  })

  test('[HT12] an answer or an argument that cannot cross is an error of that call alone', async () => {
    await expect(client.call('uncloneable')).rejects.toMatchObject({ code: 'INTERNAL' })
    await expect(client.call('later', (() => 'x') as never)).rejects.toThrow('could not be cloned')
    await expect(client.call('nobody' as 'bug')).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(await client.call('add', 1, 1)).toBe(2)
  })

  test('[HT12] bytes that are moved are the same here, and gone there: nothing was copied', async () => {
    expect(await client.call('keptBytes')).toBe(3)
    expect(await client.call('parts')).toEqual([Uint8Array.of(1, 2, 3), Uint8Array.of(5)])
    expect(await client.call('keptBytes')).toBe(0)
  })

  test('[HT12] events come in between', async () => {
    await client.call('tell')
    expect(events).toEqual([['news', { n: 1 }]])
  })

  test('[HT12] when the thread ends, every open call and every later one ends with WORKER_GONE', async () => {
    const waiting = client.call('never')
    const exiting = client.call('exit')
    const results = await Promise.allSettled([waiting, exiting])
    expect(results.map((result) => result.status === 'rejected' && (result.reason as MeshError).code)).toEqual([
      'WORKER_GONE',
      'WORKER_GONE',
    ])
    await gone
    await expect(client.call('add', 1, 1)).rejects.toMatchObject({ code: 'WORKER_GONE' })
  })
})
