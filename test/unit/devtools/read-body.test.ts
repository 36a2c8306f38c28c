import { PassThrough } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { concat } from '../../../src/base/bytes.ts'
import { InFlight, type Place } from '../../../src/devtools/in-flight.ts'
import { BODY_BLOCK_BYTES, readBody } from '../../../src/devtools/read-body.ts'

const place = (maxBytes = Infinity) => new InFlight({ maxRequests: 1, maxBytes }).enter() as Place

/** A stream is all that {@link readBody} uses of a request. */
function bodyOf(chunks: readonly Uint8Array[]): IncomingMessage {
  const stream = new PassThrough({ highWaterMark: 1 << 24 })
  for (const chunk of chunks) stream.write(chunk)
  stream.end()
  return stream as unknown as IncomingMessage
}

test('[OH7] however a body is cut into chunks, its bytes arrive whole and in order, and cost about their length', async () => {
  const small = fc.uint8Array({ minLength: 1, maxLength: 20 })
  const large = fc.uint8Array({ minLength: 1, maxLength: 70_000, size: 'max' })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(small, large), { maxLength: 8 }), fc.boolean(), async (chunks, isDeclared) => {
      const sent = concat(...chunks)
      const inFlight = new InFlight({ maxRequests: 1, maxBytes: Infinity })
      const declared = isDeclared ? sent.length : undefined
      const body = await readBody(bodyOf(chunks), inFlight.enter() as Place, 1 << 24, declared)
      if (body.kind !== 'whole') throw new Error(body.kind)
      expect(body.length).toBe(sent.length)
      expect(Buffer.compare(concat(...body.blocks), sent)).toBe(0)
      expect(inFlight.bytes).toBeLessThan(2 * sent.length + BODY_BLOCK_BYTES)
    }),
    { numRuns: 50 },
  )
})

test('[OH13] a small body that comes as it was declared costs no block', async () => {
  const inFlight = new InFlight({ maxRequests: 1, maxBytes: 100 })
  const first = inFlight.enter() as Place
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => i)
  const body = await readBody(bodyOf([bytes]), first, 1 << 24, 100)
  expect(body).toMatchObject({ kind: 'whole', length: 100 })
  first.leave()
  const parts = [bytes.slice(0, 30), bytes.slice(30)]
  const inParts = await readBody(bodyOf(parts), inFlight.enter() as Place, 1 << 24, 100)
  expect(inParts.kind === 'whole' && concat(...inParts.blocks)).toEqual(bytes)
  expect(inFlight.bytes).toBe(100)
})

test('[OH13] a small part of a large buffer is copied: kept, it would keep all of it', async () => {
  const parts = Array.from({ length: 4 }, () => new Uint8Array(1 << 20).subarray(0, 5_000))
  const inFlight = new InFlight({ maxRequests: 1, maxBytes: BODY_BLOCK_BYTES })
  expect(await readBody(bodyOf(parts), inFlight.enter() as Place, 1 << 24)).toMatchObject({ kind: 'whole' })
  expect(inFlight.bytes).toBe(BODY_BLOCK_BYTES)
})

test('[OH7] the limit itself fits, one byte more does not', async () => {
  const bytes = new Uint8Array(BODY_BLOCK_BYTES + 1)
  expect(await readBody(bodyOf([bytes]), place(), bytes.length)).toMatchObject({ kind: 'whole' })
  expect(await readBody(bodyOf([bytes]), place(), bytes.length - 1)).toEqual({ kind: 'too-large' })
})

test('[OH13] a body sent byte by byte costs its length in memory, not one buffer a byte', async () => {
  const inFlight = new InFlight({ maxRequests: 1, maxBytes: 2 * BODY_BLOCK_BYTES })
  const bytes = Array.from({ length: BODY_BLOCK_BYTES + 1 }, (_, i) => Uint8Array.of(i))
  const body = await readBody(bodyOf(bytes), inFlight.enter() as Place, 1 << 24)
  expect(body).toMatchObject({ kind: 'whole', length: bytes.length })
  expect(inFlight.bytes).toBe(2 * BODY_BLOCK_BYTES)
})

test('[OH13] reading stops when the bytes held at once run out', async () => {
  const body = await readBody(bodyOf([new Uint8Array(BODY_BLOCK_BYTES + 1)]), place(BODY_BLOCK_BYTES), 1 << 24)
  expect(body).toEqual({ kind: 'busy' })
})

test('[OH14] a client that goes away half-way ends the reading', async () => {
  const stream = new PassThrough()
  stream.write(Uint8Array.of(1))
  const body = readBody(stream as unknown as IncomingMessage, place(), 100)
  stream.destroy()
  expect(await body).toEqual({ kind: 'gone' })
})
