import { describe, expect, test } from 'vitest'
import { BatchQueue, MAX_UNDER_WAY } from '../../../src/sdk/batch-queue.ts'
import { MAX_WAITING_PUBLISHES, PublishQueue, type Publish } from '../../../src/sdk/publish-queue.ts'
import { MAX_BUFFERED_MS, MAX_BUFFERED_RECORDS, RecordBuffer } from '../../../src/sdk/record-buffer.ts'
import { manualClock } from '../../support/manual-clock.ts'

const batch = (seq: number, bytes = 1) => ({ seq, signal: 'logs', bytes: new Uint8Array(bytes), records: 10 }) as const
const publish = (seq: number): Publish => ({
  kind: 'publish',
  seq,
  envelope: { v: 1, id: 'm', topic: 't', time_unix_nano: '1', content_type: 'x' },
  body: new Uint8Array(0),
})

describe('batch queue', () => {
  test('[BU51] when full the oldest batch that is not under way makes room', () => {
    const queue = new BatchQueue(30)
    for (const seq of [1, 2, 3]) expect(queue.add(batch(seq, 10))).toBe(0)
    expect(queue.next()?.seq).toBe(1)
    expect(queue.add(batch(4, 10))).toBe(10)
    expect(queue.add(batch(5, 20))).toBe(20)
    expect([queue.next()?.seq, queue.next()]).toEqual([5, undefined])
    expect(queue.settle(1)?.seq).toBe(1)
    expect(queue.settle(1), 'a second answer to the same batch').toBeUndefined()
  })

  test('[BU51] a batch larger than the whole queue is dropped itself', () => {
    const queue = new BatchQueue(30)
    expect(queue.add(batch(1, 31))).toBe(10)
    expect(queue.isEmpty).toBe(true)
  })

  test('[BU34] what is retried keeps its place', () => {
    const queue = new BatchQueue()
    for (let seq = 0; seq < MAX_UNDER_WAY + 1; seq++) queue.add(batch(seq))
    for (let seq = 0; seq < MAX_UNDER_WAY; seq++) expect(queue.next()?.seq).toBe(seq)
    expect(queue.next()).toBeUndefined()
    queue.retry(1)
    expect(queue.next()?.seq).toBe(1)
    queue.retryAll()
    expect(queue.next()?.seq).toBe(0)
  })
})

describe('publish queue', () => {
  test('[BU51] over the count the oldest waiting message makes room', () => {
    const queue = new PublishQueue()
    for (let seq = 0; seq < MAX_WAITING_PUBLISHES; seq++) expect(queue.add(publish(seq))).toBe(0)
    expect(queue.add(publish(-1))).toBe(1)
    expect(queue.next()?.seq).toBe(1)
  })

  test('[BU40] what is under way is answered or forgotten, once', () => {
    const queue = new PublishQueue()
    queue.add(publish(1))
    queue.add(publish(2))
    queue.next()
    queue.next()
    expect([queue.settle(1), queue.settle(1)]).toEqual([true, false])
    expect(queue.isEmpty).toBe(false)
    expect(queue.forgetUnderWay()).toBe(1)
    expect(queue.isEmpty).toBe(true)
  })
})

describe('record buffer', () => {
  test('[BU51] hands on when the first record has waited long enough, and when there are enough', () => {
    const clock = manualClock()
    const batches: number[] = []
    const buffer = new RecordBuffer<number>(clock, (records) => batches.push(records.length))
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
