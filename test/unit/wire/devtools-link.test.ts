import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, toHex } from '../../../src/base/bytes.ts'
import { SIGNALS } from '../../../src/model/lane.ts'
import {
  encodeLinkHead,
  MAX_ANSWER_BYTES,
  PROBES,
  readAgentHead,
  readDevtoolsHead,
  REFUSED_STATUSES,
  type AnswerHead,
  type AskHead,
  type PushHead,
  type RefusedHead,
} from '../../../src/wire/devtools-link.ts'
import { LinkReader, type LinkReceiver } from '../../../src/wire/link-reader.ts'
import { MAX_OTLP_BYTES } from '../../../src/wire/otlp/limits.ts'
import { refusal, surprises } from './fixtures.ts'

type Head = PushHead | AnswerHead | RefusedHead | AskHead
interface Vector {
  readonly name: string
  readonly head: Head
  readonly hex: string
}
const vectors = JSON.parse(readFileSync(new URL('../../vectors/devtools-link.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly Vector[]
}

const PUSH: PushHead = { kind: 'push', request: 7, signal: 'logs', encoding: 'protobuf', gzip: true, length: 3 }
const ANSWER: AnswerHead = { kind: 'answer', request: 7, status: 503, encoding: 'json', retryAfterS: 2, length: 9 }
const ASK: AskHead = { kind: 'ask', request: 7, probe: 'readyz', isVerbose: true, length: 0 }
const u32 = fc.integer({ min: 0, max: 0xff_ff_ff_ff })
const encoding = fc.constantFrom('protobuf' as const, 'json' as const)
const anyPush: fc.Arbitrary<PushHead> = fc.record({
  kind: fc.constant('push' as const),
  request: u32,
  signal: fc.constantFrom(...SIGNALS),
  encoding,
  gzip: fc.boolean(),
  length: fc.integer({ min: 0, max: MAX_OTLP_BYTES }),
})
const anyRefused: fc.Arbitrary<RefusedHead> = fc.record({
  kind: fc.constant('refused' as const),
  status: fc.constantFrom(...REFUSED_STATUSES),
  count: fc.integer({ min: 1, max: 0xff_ff_ff_ff }),
  length: fc.constant(0 as const),
})
const anyAsk: fc.Arbitrary<AskHead> = fc.record({
  kind: fc.constant('ask' as const),
  request: u32,
  probe: fc.constantFrom(...PROBES),
  isVerbose: fc.boolean(),
  length: fc.constant(0 as const),
})
const anyAnswer: fc.Arbitrary<AnswerHead> = fc.record({
  kind: fc.constant('answer' as const),
  request: u32,
  status: fc.integer({ min: 200, max: 599 }),
  encoding,
  retryAfterS: fc.integer({ min: 0, max: 255 }),
  length: fc.integer({ min: 0, max: MAX_ANSWER_BYTES }),
})

const read = (head: Head, bytes: Uint8Array): Head =>
  head.kind === 'answer' ? readAgentHead(bytes) : readDevtoolsHead(bytes)
const changed = (head: Head, at: number, value: number): Uint8Array => encodeLinkHead(head).fill(value, at, at + 1)

describe('heads', () => {
  test.each(vectors.cases)('[OH20] golden: $name', ({ head, hex }) => {
    expect(toHex(encodeLinkHead(head))).toBe(hex)
    expect(read(head, fromHex(hex) as Uint8Array)).toEqual(head)
  })
  test('[OH20] every head comes back as it was', () => {
    fc.assert(
      fc.property(fc.oneof(anyPush, anyRefused, anyAsk, anyAnswer), (head) => {
        expect(read(head, encodeLinkHead(head))).toEqual(head)
      }),
    )
  })
  test('[OH20] hostile bytes are a head or a LinkError', () => {
    const samples = vectors.cases.map(({ hex }) => fromHex(hex) as Uint8Array)
    for (const readHead of [readDevtoolsHead, readAgentHead]) expect(surprises(samples, readHead)).toEqual([])
  })

  const refused: RefusedHead = { kind: 'refused', status: 413, count: 1, length: 0 }
  const wrong: readonly { name: string; code: string; bytes: Uint8Array; readHead: (bytes: Uint8Array) => unknown }[] =
    [
      { name: 'an unknown kind', code: 'LINK_KIND', bytes: changed(PUSH, 0, 5), readHead: readDevtoolsHead },
      {
        name: 'an answer of the process',
        code: 'LINK_KIND',
        bytes: encodeLinkHead(ANSWER),
        readHead: readDevtoolsHead,
      },
      { name: 'a push of the agent', code: 'LINK_KIND', bytes: encodeLinkHead(PUSH), readHead: readAgentHead },
      {
        name: 'a push in a third encoding',
        code: 'LINK_FIELD',
        bytes: changed(PUSH, 1, 2),
        readHead: readDevtoolsHead,
      },
      { name: 'a push of a fourth signal', code: 'LINK_FIELD', bytes: changed(PUSH, 2, 3), readHead: readDevtoolsHead },
      { name: 'a push in a third coding', code: 'LINK_FIELD', bytes: changed(PUSH, 3, 2), readHead: readDevtoolsHead },
      { name: 'a push with a status', code: 'LINK_FIELD', bytes: changed(PUSH, 4, 1), readHead: readDevtoolsHead },
      {
        name: 'a push with bits nobody knows',
        code: 'LINK_FIELD',
        bytes: changed(PUSH, 7, 1),
        readHead: readDevtoolsHead,
      },
      { name: 'a refusal with a body', code: 'LINK_FIELD', bytes: changed(refused, 15, 1), readHead: readDevtoolsHead },
      {
        name: 'a refusal that is none',
        code: 'LINK_FIELD',
        bytes: changed(refused, 5, 200),
        readHead: readDevtoolsHead,
      },
      { name: 'a question with a body', code: 'LINK_FIELD', bytes: changed(ASK, 15, 1), readHead: readDevtoolsHead },
      { name: 'a third question', code: 'LINK_FIELD', bytes: changed(ASK, 2, 2), readHead: readDevtoolsHead },
      {
        name: 'a question in a third manner',
        code: 'LINK_FIELD',
        bytes: changed(ASK, 3, 2),
        readHead: readDevtoolsHead,
      },
      { name: 'a question with a status', code: 'LINK_FIELD', bytes: changed(ASK, 5, 200), readHead: readDevtoolsHead },
      { name: 'no refusal at all', code: 'LINK_FIELD', bytes: changed(refused, 11, 0), readHead: readDevtoolsHead },
      {
        name: 'an answer without a status',
        code: 'LINK_FIELD',
        bytes: encodeLinkHead({ ...ANSWER, status: 0 }),
        readHead: readAgentHead,
      },
      {
        name: 'an answer in a third encoding',
        code: 'LINK_FIELD',
        bytes: changed(ANSWER, 1, 2),
        readHead: readAgentHead,
      },
      { name: 'an answer with a coding', code: 'LINK_FIELD', bytes: changed(ANSWER, 3, 1), readHead: readAgentHead },
    ]
  test.each(wrong)('[OH20] $name is refused', ({ code, bytes, readHead }) => {
    expect(refusal(() => readHead(bytes))).toBe(code)
  })

  test.each([
    { head: PUSH, limit: MAX_OTLP_BYTES },
    { head: ANSWER, limit: MAX_ANSWER_BYTES },
  ])('[OH21] the body of a $head.kind may be as long as its limit, and not a byte longer', ({ head, limit }) => {
    const ofLength = (length: number): Uint8Array => encodeLinkHead({ ...head, length })
    expect(read(head, ofLength(limit))).toMatchObject({ length: limit })
    expect(refusal(() => read(head, ofLength(limit + 1)))).toBe('LINK_TOO_LARGE')
    expect(refusal(() => read(head, ofLength(0xff_ff_ff_ff)))).toBe('LINK_TOO_LARGE')
  })
})

/** Keeps what comes; bodies of requests whose number is odd are thrown away. */
class Kept implements LinkReceiver<PushHead | RefusedHead> {
  readonly frames: { head: PushHead | RefusedHead; body: Uint8Array | undefined }[] = []
  readonly reader = new LinkReader(readDevtoolsHead, this)

  room(head: PushHead | RefusedHead): Uint8Array | undefined {
    return isWanted(head) ? new Uint8Array(head.length) : undefined
  }

  take(head: PushHead | RefusedHead, body: Uint8Array | undefined): void {
    this.frames.push({ head, body })
  }
}
const isWanted = (head: PushHead | RefusedHead): boolean => head.kind === 'push' && head.request % 2 === 0

describe('the stream', () => {
  const anyFrame = fc
    .tuple(fc.oneof(anyPush, anyRefused), fc.uint8Array({ maxLength: 40 }))
    .map(([head, body]) =>
      head.kind === 'push' ? { head: { ...head, length: body.length }, body } : { head, body: new Uint8Array() },
    )

  test('[OH20] frames come out as they went in, however the stream is cut; a body nobody wants is passed over', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
        (frames, lengths) => {
          const kept = new Kept()
          const stream = concat(...frames.flatMap(({ head, body }) => [encodeLinkHead(head), body]))
          for (let at = 0, i = 0; at < stream.length; i++) {
            const length = lengths[i % lengths.length] as number
            kept.reader.push(stream.subarray(at, at + length))
            at += length
          }
          expect(kept.frames).toEqual(
            frames.map(({ head, body }) => ({ head, body: isWanted(head) ? body : undefined })),
          )
          expect(kept.reader.isInsideFrame).toBe(false)
        },
      ),
    )
  })
  test('[OH20] every strict prefix gives no frame, and says that one is open', () => {
    const encoded = concat(encodeLinkHead({ ...PUSH, request: 8 }), Uint8Array.of(1, 2, 3))
    for (let length = 0; length < encoded.length; length++) {
      const kept = new Kept()
      kept.reader.push(encoded.subarray(0, length))
      expect([kept.frames.length, kept.reader.isInsideFrame]).toEqual([0, length > 0])
      kept.reader.push(encoded.subarray(length))
      expect(kept.frames).toMatchObject([{ body: Uint8Array.of(1, 2, 3) }])
    }
  })
  test('[OH20] bodies are copies: using the chunk again does not change them', () => {
    const kept = new Kept()
    const stream = concat(encodeLinkHead({ ...PUSH, request: 8 }), Uint8Array.of(1, 2, 3))
    kept.reader.push(stream)
    stream.fill(0)
    expect(kept.frames).toMatchObject([{ body: Uint8Array.of(1, 2, 3) }])
  })
  test('[OH21] a length over the limit asks for no room', () => {
    let asked = 0
    const reader = new LinkReader(readDevtoolsHead, { room: () => void asked++, take: () => {} })
    expect(refusal(() => reader.push(encodeLinkHead({ ...PUSH, length: MAX_OTLP_BYTES + 1 })))).toBe('LINK_TOO_LARGE')
    expect(asked).toBe(0)
  })
})
