import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat } from '../../../src/base/bytes.ts'
import { encodeFrame, FrameDecoder, MAX_PAYLOAD_BYTES, type Frame } from '../../../src/wire/frame.ts'
import { bytes, surprises, refusal } from './fixtures.ts'

const anyFrame = fc.record({ kind: fc.nat(255), payload: fc.uint8Array({ maxLength: 40 }) })

/** Cuts `stream` into chunks of the lengths given, over and over. */
function* chunks(stream: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < stream.length; i++) {
    const length = lengths[i % lengths.length] as number
    yield stream.subarray(at, at + length)
    at += length
  }
}

function decodeAll(stream: Uint8Array, lengths: readonly number[]): readonly Frame[] {
  const decoder = new FrameDecoder()
  return [...chunks(stream, lengths)].flatMap((chunk) => decoder.push(chunk))
}

function header(version: number, kind: number, length: number): Uint8Array {
  const head = Uint8Array.of(version, kind, 0, 0, 0, 0)
  new DataView(head.buffer).setUint32(2, length)
  return head
}

describe('frame', () => {
  test('[FR1] golden: version, kind, length, payload', () => {
    expect(encodeFrame({ kind: 11, payload: bytes(1, 3) })).toEqual(Uint8Array.of(1, 11, 0, 0, 0, 3, 1, 2, 3))
  })

  test('[FR2] frames come out as they went in, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }),
        (frames, lengths) => {
          expect(decodeAll(concat(...frames.map((frame) => encodeFrame(frame))), lengths)).toEqual(frames)
        },
      ),
    )
  })

  test('[FR2] a large frame in small chunks comes out whole, and the next one too', () => {
    const large = { kind: 11, payload: bytes(0, 300_000) }
    const small = { kind: 18, payload: bytes(0, 0) }
    const stream = concat(encodeFrame(large), encodeFrame(small), encodeFrame(large))
    expect(decodeAll(stream, [1000, 1, 17])).toEqual([large, small, large])
  })

  test('[FR2] every strict prefix gives no frame, and says that one is open', () => {
    const encoded = encodeFrame({ kind: 3, payload: bytes(0, 5) })
    for (let length = 0; length < encoded.length; length++) {
      const decoder = new FrameDecoder()
      expect(decoder.push(encoded.subarray(0, length))).toEqual([])
      expect(decoder.isInsideFrame).toBe(length > 0)
      expect(decoder.push(encoded.subarray(length))).toHaveLength(1)
      expect(decoder.isInsideFrame).toBe(false)
    }
  })

  test('[FR2] payloads are copies: reusing the chunk does not change them', () => {
    const stream = encodeFrame({ kind: 1, payload: bytes(5, 3) })
    const [frame] = new FrameDecoder().push(stream)
    stream.fill(0)
    expect(frame?.payload).toEqual(bytes(5, 3))
  })

  test('[FR3] a length over the limit is refused before its payload arrives', () => {
    expect(refusal(() => new FrameDecoder().push(header(1, 1, MAX_PAYLOAD_BYTES + 1)))).toBe('FRAME_TOO_LARGE')
    expect(new FrameDecoder().push(header(1, 1, MAX_PAYLOAD_BYTES))).toEqual([])
    const strict = new FrameDecoder({ maxPayloadBytes: 10 })
    expect(strict.push(encodeFrame({ kind: 1, payload: bytes(0, 10) }))).toHaveLength(1)
    expect(refusal(() => strict.push(header(1, 1, 11)))).toBe('FRAME_TOO_LARGE')
  })

  test('[FR3] the largest frame is written and read, a larger one is neither', () => {
    const payload = new Uint8Array(MAX_PAYLOAD_BYTES)
    expect(decodeAll(encodeFrame({ kind: 1, payload }), [65_536])[0]?.payload).toHaveLength(MAX_PAYLOAD_BYTES)
    expect(refusal(() => encodeFrame({ kind: 1, payload: new Uint8Array(MAX_PAYLOAD_BYTES + 1) }))).toBe(
      'FRAME_TOO_LARGE',
    )
  })

  test.each([-1, 256, 1.5])('[FR1] %d is no kind', (kind) => {
    expect(refusal(() => encodeFrame({ kind, payload: bytes(0, 0) }))).toBe('FRAME_KIND')
  })

  test('[FR4] after a wrong header the stream stays refused', () => {
    const decoder = new FrameDecoder()
    const good = encodeFrame({ kind: 1, payload: bytes(0, 2) })
    expect(refusal(() => decoder.push(concat(good, header(2, 1, 0))))).toBe('FRAME_VERSION')
    expect(refusal(() => decoder.push(good))).toBe('FRAME_VERSION')
  })

  test('[FR4] noise is refused or waited for', () => {
    expect(
      surprises([encodeFrame({ kind: 1, payload: bytes(0, 60) })], (input) => new FrameDecoder().push(input)),
    ).toEqual([])
  })
})
