import { describe, expect, test } from 'vitest'
import type { Batch, BatchKind } from '../../../src/sdk/batch.ts'
import { BatchQueue, JOINED_BYTES, MAX_UNDER_WAY } from '../../../src/sdk/batch-queue.ts'
import { MemorySpool } from '../../support/memory-spool.ts'
import { MAX_WAITING_PUBLISHES, PublishQueue, type Publish } from '../../../src/sdk/publish-queue.ts'
import {
  MAX_BUFFERED_BYTES,
  MAX_BUFFERED_MS,
  MAX_BUFFERED_RECORDS,
  RecordBuffer,
} from '../../../src/sdk/record-buffer.ts'
import { BatchEncoder } from '../../../src/wire/otlp/batch-encoder.ts'
import { manualClock } from '../../support/manual-clock.ts'

const batch = (seq: number, kind: BatchKind = 'logs'): Batch => ({ seq, stream: 'stream-1', n: seq, kind, records: 10 })
const bytes = (length: number): Uint8Array => new Uint8Array(length)
const publish = (seq: number): Publish => ({
  kind: 'publish',
  seq,
  envelope: { v: 1, id: 'm', topic: 't', time_unix_nano: '1', content_type: 'x' },
  body: new Uint8Array(0),
})

describe('batch queue', () => {
  test('[BU51] when full the oldest batch that is not under way makes room', () => {
    const queue = new BatchQueue({ maxBytes: 30 })
    for (const seq of [1, 2, 3]) expect(queue.add(batch(seq), bytes(10))).toBe(0)
    expect(queue.next()?.seq).toBe(1)
    expect(queue.add(batch(4), bytes(10))).toBe(10)
    expect(queue.add(batch(5), bytes(20))).toBe(20)
    expect([queue.next()?.seq, queue.next()]).toEqual([5, undefined])
    expect(queue.settle(1)?.seq).toBe(1)
    expect(queue.settle(1), 'a second answer to the same batch').toBeUndefined()
  })

  test('[BU51] a batch larger than the whole queue is dropped itself', () => {
    const queue = new BatchQueue({ maxBytes: 30 })
    expect(queue.add(batch(1), bytes(31))).toBe(10)
    expect(queue.isEmpty).toBe(true)
  })

  test('[BU34] what is retried keeps its place', () => {
    const queue = new BatchQueue()
    for (let seq = 0; seq < MAX_UNDER_WAY + 1; seq++) queue.add(batch(seq), bytes(1))
    for (let seq = 0; seq < MAX_UNDER_WAY; seq++) expect(queue.next()?.seq).toBe(seq)
    expect(queue.next()).toBeUndefined()
    queue.retry(1)
    expect(queue.next()?.seq).toBe(1)
    queue.retryAll()
    expect(queue.next()?.seq).toBe(0)
  })
})

describe('batch queue with a spool', () => {
  const all = (): boolean => true
  const numbered = (...numbers: readonly number[]): Uint8Array => Uint8Array.from(numbers)
  async function drained(queue: BatchQueue): Promise<unknown[]> {
    const got: unknown[] = []
    for (let next = queue.next(); next; next = queue.next()) {
      got.push([next.stream, next.n, next.kind, next.records, [...((await queue.bytesOf(next)) ?? [])]])
      queue.settle(next.seq)
    }
    await queue.spooled()
    return got
  }

  test('[BU70] what waits is joined by kind, put on disk, and delivered by the next run before its own', async () => {
    const spool = new MemorySpool()
    const queue = new BatchQueue({ spool })
    queue.add(batch(1), numbered(1))
    queue.add(batch(2, 'traces'), numbered(2))
    queue.add(batch(3), numbered(3))
    queue.add(batch(4, 'audit'), numbered(4))
    queue.add(batch(5, 'audit'), numbered(5))
    expect(queue.spool(all)).toBe(0)
    await queue.spooled()
    const next = new BatchQueue({ spool })
    next.add({ ...batch(100), stream: 'stream-2', n: 0 }, numbered(6))
    let seq = 0
    await next.takeOver(() => seq++)
    expect(next.oldestOf('stream-1')).toBe(1)
    expect(await drained(next)).toEqual([
      ['stream-1', 1, 'logs', 20, [1, 3]],
      ['stream-1', 2, 'traces', 10, [2]],
      ['stream-1', 4, 'audit', 10, [4]],
      ['stream-1', 5, 'audit', 10, [5]],
      ['stream-2', 0, 'logs', 10, [6]],
    ])
    expect(spool.size).toBe(0)
  })

  test('[BU70] a batch that was sent is never joined with another: it may have arrived', async () => {
    const queue = new BatchQueue({ spool: new MemorySpool() })
    queue.add(batch(1), numbered(1))
    queue.next()
    queue.add(batch(2), numbered(2))
    queue.retryAll()
    queue.spool(all)
    await queue.spooled()
    expect(await drained(queue)).toMatchObject([
      ['stream-1', 1, 'logs', 10, [1]],
      ['stream-1', 2, 'logs', 10, [2]],
    ])
  })

  test('[BU70] a joined batch is written again with more in it, until it is large', async () => {
    const spool = new MemorySpool()
    const queue = new BatchQueue({ spool, maxBytes: 2 * JOINED_BYTES })
    for (let seq = 0; seq < 8; seq++) {
      expect(queue.add(batch(seq), bytes(JOINED_BYTES / 2))).toBe(0)
      queue.spool(all)
      await queue.spooled()
    }
    expect([spool.size, spool.writes]).toEqual([4, 8])
    expect((await drained(queue)).length).toBe(4)
  })

  test('[BU70] over its bound on disk the oldest makes room; what may not be written down stays in memory', async () => {
    const spool = new MemorySpool()
    const queue = new BatchQueue({ spool, maxSpooledBytes: 2 * JOINED_BYTES })
    queue.add(batch(0, 'traces'), bytes(1))
    for (const seq of [1, 2]) queue.add(batch(seq), bytes(JOINED_BYTES))
    expect(queue.spool((kind) => kind === 'logs')).toBe(0)
    queue.add(batch(3), bytes(JOINED_BYTES))
    expect(queue.spool((kind) => kind === 'logs')).toBe(10)
    await queue.spooled()
    expect([...spool.numbers()]).toEqual([2, 3])
    expect((await drained(queue)).length).toBe(3)
  })

  test('[BU70] what the disk does not take waits in memory and is tried again; what it lost is told', async () => {
    const spool = new MemorySpool()
    const queue = new BatchQueue({ spool })
    spool.isFull = true
    queue.add(batch(1), bytes(JOINED_BYTES))
    queue.spool(all)
    await queue.spooled()
    spool.isFull = false
    queue.spool(all)
    await queue.spooled()
    expect(spool.size).toBe(1)
    spool.lose()
    const next = queue.next() as Batch
    expect(await queue.bytesOf(next)).toBeUndefined()
  })

  test('[BU35] what nobody collects any more leaves the disk too', async () => {
    const spool = new MemorySpool()
    const queue = new BatchQueue({ spool })
    queue.add(batch(1), bytes(JOINED_BYTES))
    queue.spool(all)
    expect(queue.discard('logs')).toBe(10)
    await queue.spooled()
    expect(spool.size).toBe(0)
  })
})

describe('publish queue', () => {
  test('[BU51] over the count the oldest waiting message makes room', () => {
    const queue = new PublishQueue()
    for (let seq = 0; seq < MAX_WAITING_PUBLISHES; seq++) expect(queue.add(publish(seq))).toBe(0)
    expect(queue.add(publish(-1))).toBe(1)
    while (queue.next() !== undefined);
    expect(queue.settle(16)).toBe(true) // the sixteenth that was left: 1 to 16
  })

  test('[BU40] what is under way is answered or forgotten, once', () => {
    const queue = new PublishQueue()
    for (const seq of [1, 2, 3]) {
      queue.add(publish(seq))
      queue.next()
    }
    queue.confirmBy(4)
    expect([queue.settle(4), queue.settle(4), queue.isEmpty]).toEqual([true, false, true])
    queue.add(publish(5))
    queue.next()
    expect([queue.isEmpty, queue.isUnconfirmed]).toEqual([false, true])
    expect(queue.forgetUnderWay()).toBe(1)
    expect([queue.isEmpty, queue.isUnconfirmed]).toEqual([true, false])
  })

  test('[BU46] one in sixteen is numbered; its answer is for those before it, and what comes after waits for another', () => {
    const queue = new PublishQueue()
    for (let seq = 1; seq <= 20; seq++) queue.add(publish(seq))
    const sent = Array.from({ length: 20 }, () => queue.next())
    expect(sent.flatMap((message) => message?.seq ?? [])).toEqual([16])
    expect([queue.settle(15), queue.settle(16), queue.isEmpty]).toEqual([false, true, false])
    queue.confirmBy(21)
    queue.confirmBy(22)
    expect([queue.settle(22), queue.settle(21), queue.isEmpty]).toEqual([false, true, true])
  })

  test('[BU46] 64 are under way at most, however they are numbered', () => {
    const queue = new PublishQueue()
    for (let seq = 1; seq <= 100; seq++) queue.add(publish(seq))
    let underWay = 0
    while (queue.next() !== undefined) underWay++
    expect(underWay).toBe(64)
    expect([queue.settle(16), queue.next() !== undefined]).toEqual([true, true])
  })
})

describe('record buffer', () => {
  const head = { resource: { attributes: {} }, scope: { name: 'test' } }
  const encoder = () =>
    new BatchEncoder<number>(head, (writer, record) => {
      writer.bytes(0x0a, new Uint8Array(Math.abs(record)))
      if (record < 0) throw new Error('no record')
    })

  test('[BU51] hands on before a frame is full', () => {
    const batches: number[] = []
    const buffer = new RecordBuffer(manualClock(), encoder(), ({ records }) => batches.push(records))
    for (let i = 0; i < 3; i++) buffer.add(MAX_BUFFERED_BYTES / 2)
    expect(batches).toEqual([2])
  })

  test('[BU51] a record that cannot be written is left out, and harms no other', () => {
    const batches: Uint8Array[] = []
    const buffer = new RecordBuffer(manualClock(), encoder(), (full) => batches.push(full.bytes))
    buffer.add(1)
    expect(() => buffer.add(-1)).toThrow('no record')
    buffer.add(2)
    buffer.flush()
    buffer.add(1)
    buffer.add(2)
    buffer.flush()
    expect(batches[0]).toEqual(batches[1])
  })

  test('[BU51] hands on when the first record has waited long enough, and when there are enough', () => {
    const clock = manualClock()
    const batches: number[] = []
    const buffer = new RecordBuffer(clock, encoder(), ({ records }) => batches.push(records))
    buffer.add(1)
    clock.advance(MAX_BUFFERED_MS - 1)
    buffer.add(2)
    expect(batches).toEqual([])
    clock.advance(1)
    expect(batches).toEqual([2])
    for (let i = 0; i < MAX_BUFFERED_RECORDS + 1; i++) buffer.add(i)
    expect(batches).toEqual([2, MAX_BUFFERED_RECORDS])
    buffer.flush()
    buffer.flush()
    clock.advance(MAX_BUFFERED_MS)
    expect(batches).toEqual([2, MAX_BUFFERED_RECORDS, 1])
  })
})
