import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, utf8 } from '../../../src/base/bytes.ts'
import type { Sha256 } from '../../../src/base/crypto.ts'
import { formatTracestate } from '../../../src/model/tracestate.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import {
  isTopic,
  isTopicPrefix,
  MAX_TOPIC_CHARS,
  readEnvelope,
  senderContext,
  type Envelope,
} from '../../../src/wire/bus-envelope.ts'
import {
  decodeAgentFrames,
  decodeModuleFrames,
  encodeFrames,
  MAX_BODY_BYTES,
  MAX_HEADER_BYTES,
  MAX_REPORT_BYTES,
  type AgentMessage,
  type ModuleMessage,
} from '../../../src/wire/bus-frames.ts'

interface FrameVector {
  readonly name: string
  readonly header: string
  readonly bodyHex: string
  readonly message?: Readonly<Record<string, unknown>>
  readonly refused?: Readonly<Record<string, unknown>>
}
const vectors = JSON.parse(readFileSync(new URL('../../vectors/bus.json', import.meta.url), 'utf8')) as {
  readonly moduleToAgent: readonly FrameVector[]
  readonly agentToModule: readonly FrameVector[]
  readonly senderContext: readonly {
    readonly name: string
    readonly envelope: Envelope
    readonly sender: object | null
  }[]
}
const sha256: Sha256 = (bytes) => nodeCrypto.sha256(bytes)
const NO_BODY = new Uint8Array(0)
const framesOf = ({ header, bodyHex }: FrameVector): Uint8Array[] => [utf8(header), fromHex(bodyHex) ?? NO_BODY]

/** A vector's message, with the body its kind carries. */
function expected(vector: FrameVector): unknown {
  if (vector.refused) return { refused: expect.objectContaining(vector.refused) as unknown }
  const hasBody = ['telemetry', 'audit', 'notify', 'publish', 'message'].includes(String(vector.message?.['kind']))
  return { message: { ...vector.message, ...(hasBody ? { body: fromHex(vector.bodyHex) } : {}) } }
}

describe('module to agent', () => {
  test.each(vectors.moduleToAgent)('[BU10] vector: $name', (vector) => {
    const decoded = decodeModuleFrames(framesOf(vector))
    expect(decoded).toEqual(expected(vector))
    if ('message' in decoded) expect(decodeModuleFrames(encodeFrames(decoded.message))).toEqual(decoded)
  })
})

describe('agent to module', () => {
  test.each(vectors.agentToModule)('[BU10] vector: $name', (vector) => {
    const decoded = decodeAgentFrames(framesOf(vector))
    expect(decoded).toEqual(expected(vector))
    if ('message' in decoded) expect(decodeAgentFrames(encodeFrames(decoded.message))).toEqual(decoded)
  })
})

describe('frames', () => {
  const hello = encodeFrames({ kind: 'hello', v: 1, sdk: 'x' })

  test('[BU10] every strict prefix of a header is refused', () => {
    const [header] = encodeFrames({ kind: 'subscribe', seq: 1, prefix: 'conversation/' })
    for (let n = 0; n < header.length; n++) {
      expect(decodeModuleFrames([header.subarray(0, n), NO_BODY])).toEqual({ refused: { code: 'BUS_HEADER_INVALID' } })
    }
  })

  test('[BU10] headers and bodies at their limit are read, one byte more is refused', () => {
    const padded = (length: number) => utf8(JSON.stringify({ kind: 'ping', seq: 1 }).padEnd(length))
    expect(decodeModuleFrames([padded(MAX_HEADER_BYTES), NO_BODY])).toHaveProperty('message')
    expect(decodeModuleFrames([padded(MAX_HEADER_BYTES + 1), NO_BODY])).toEqual({
      refused: { code: 'BUS_HEADER_TOO_LARGE' },
    })
    expect(decodeModuleFrames([padded(30), new Uint8Array(MAX_BODY_BYTES)])).toHaveProperty('message')
    expect(decodeModuleFrames([padded(30), new Uint8Array(MAX_BODY_BYTES + 1)])).toEqual({
      refused: { code: 'BUS_BODY_TOO_LARGE', seq: 1 },
    })
  })

  test('[BU10] a report at its limit is read, one byte more is refused', () => {
    const header = utf8('{"kind":"notify","seq":1}')
    expect(decodeModuleFrames([header, new Uint8Array(MAX_REPORT_BYTES)])).toHaveProperty('message')
    expect(decodeModuleFrames([header, new Uint8Array(MAX_REPORT_BYTES + 1)])).toEqual({
      refused: { code: 'BUS_BODY_TOO_LARGE', seq: 1 },
    })
  })

  test.each([{ parts: [] }, { parts: [hello[0]] }, { parts: [...hello, NO_BODY] }])(
    '[BU10] $parts.length parts are refused',
    ({ parts }) => {
      expect(decodeModuleFrames(parts)).toEqual({ refused: { code: 'BUS_FRAME_COUNT' } })
    },
  )

  test('[BU13] hostile headers give a message or a refusal, never an exception', () => {
    const header = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.json().map(utf8),
      fc
        .record({
          kind: fc.constantFrom('hello', 'telemetry', 'audit', 'publish', 'subscribe', 'ping', 'ack', 'nack'),
          seq: fc.anything(),
        })
        .map((fields) => utf8(JSON.stringify(fields, (_, value: unknown) => (typeof value === 'bigint' ? 0 : value)))),
      fc.jsonValue().map((envelope) => utf8(JSON.stringify({ kind: 'publish', envelope }))),
    )
    fc.assert(
      fc.property(header, fc.uint8Array(), (bytes, body) => {
        const either = [decodeModuleFrames([bytes, body]), decodeAgentFrames([bytes, body])]
        for (const decoded of either) expect('message' in decoded || 'refused' in decoded).toBe(true)
      }),
    )
  })

  test('[BU10] messages of both directions survive the way', () => {
    const message: AgentMessage = { kind: 'nack', seq: 1, code: 'BUS_BUSY', retryAfterMs: 5 }
    expect(decodeAgentFrames(encodeFrames(message))).toEqual({ message })
    const telemetry: ModuleMessage = {
      kind: 'telemetry',
      seq: 5,
      signal: 'metrics',
      encoding: 'protobuf',
      body: Uint8Array.of(1, 2),
    }
    expect(decodeModuleFrames(encodeFrames(telemetry))).toEqual({ message: telemetry })
  })
})

describe('envelope', () => {
  test.each(vectors.senderContext)('[BU23] vector: $name', ({ envelope, sender }) => {
    const read = readEnvelope(envelope)
    expect(read).toEqual({ envelope })
    const context = 'envelope' in read ? senderContext(read.envelope, sha256) : undefined
    expect(context ? { ...context, tracestate: formatTracestate(context.tracestate) } : null).toEqual(sender)
  })

  test.each([
    { topic: 'a', ok: true },
    { topic: 'conversation/user.input_v1-x', ok: true },
    { topic: 'x'.repeat(MAX_TOPIC_CHARS), ok: true },
    { topic: 'x'.repeat(MAX_TOPIC_CHARS + 1), ok: false },
    { topic: '', ok: false },
    { topic: '/a', ok: false },
    { topic: 'a/', ok: false },
    { topic: 'a./b', ok: false },
    { topic: 'a b', ok: false },
    { topic: 'ä', ok: false },
    { topic: 'a\n', ok: false },
    { topic: 7, ok: false },
  ])('[BU21] topic $topic is allowed: $ok', ({ topic, ok }) => {
    expect(isTopic(topic)).toBe(ok)
  })

  test('[BU21] every beginning of a topic is a prefix, and so is nothing', () => {
    const topic = 'conversation/user.input_v1-x'
    for (let n = 0; n <= topic.length; n++) expect(isTopicPrefix(topic.slice(0, n))).toBe(true)
    expect(isTopicPrefix('a*')).toBe(false)
  })
})
