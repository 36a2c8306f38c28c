import { describe, expect, test } from 'vitest'
import { ChunkQueue } from '../../../../src/sync/links/chunk-queue.ts'

async function all(queue: ChunkQueue): Promise<number[]> {
  const got: number[] = []
  for await (const chunk of queue.read()) got.push(...chunk)
  return got
}

describe('ChunkQueue', () => {
  test('[LK3] keeps chunks that come before a reader, and counts them', async () => {
    const queue = new ChunkQueue(() => undefined)
    queue.push(Uint8Array.of(1, 2))
    queue.push(Uint8Array.of())
    queue.push(Uint8Array.of(3))
    expect(queue.unreadBytes).toBe(3)
    queue.end()
    expect(await all(queue)).toEqual([1, 2, 3])
    expect(queue.unreadBytes).toBe(0)
  })

  test('[LK3] hands a chunk straight to a waiting reader', async () => {
    const queue = new ChunkQueue(() => undefined)
    const reading = all(queue)
    queue.push(Uint8Array.of(1))
    expect(queue.unreadBytes).toBe(0)
    queue.end()
    expect(await reading).toEqual([1])
  })

  test('[LK3] a reader that leaves the loop loses nothing', async () => {
    const queue = new ChunkQueue(() => undefined)
    queue.push(Uint8Array.of(1))
    queue.push(Uint8Array.of(2))
    for await (const chunk of queue.read()) {
      expect([...chunk]).toEqual([1])
      break
    }
    queue.end()
    expect(await all(queue)).toEqual([2])
  })

  test('[LK3] a second reader at the same time is a mistake', async () => {
    const queue = new ChunkQueue(() => undefined)
    const first = queue.read()[Symbol.asyncIterator]().next()
    await expect(queue.read()[Symbol.asyncIterator]().next()).rejects.toThrow(TypeError)
    queue.end()
    expect(await first).toEqual({ done: true, value: undefined })
  })

  test('[LK3] an abandoned wait ends, and the next reader takes over', async () => {
    const queue = new ChunkQueue(() => undefined)
    const iterator = queue.read()[Symbol.asyncIterator]()
    const waiting = iterator.next()
    await iterator.return?.()
    expect((await waiting).done).toBe(true)
    queue.push(Uint8Array.of(4))
    queue.end()
    expect(await all(queue)).toEqual([4])
  })

  test('[LK4] tells its owner about every chunk that was taken from the store', async () => {
    const left: number[] = []
    const queue: ChunkQueue = new ChunkQueue(() => left.push(queue.unreadBytes))
    queue.push(new Uint8Array(5))
    queue.push(new Uint8Array(7))
    queue.end()
    await all(queue)
    expect(left).toEqual([7, 0])
  })

  test('[LK9] discards what nobody will read, and takes no more', async () => {
    const queue = new ChunkQueue(() => undefined)
    queue.push(Uint8Array.of(1))
    queue.discard()
    queue.push(Uint8Array.of(2))
    expect(queue.unreadBytes).toBe(0)
    expect(await all(queue)).toEqual([])
  })
})
