/** Builds stored chunks of OTLP protobuf from plain descriptions, so that tests run the real decoder. */
import { atOnce } from '../../support/finish.ts'
import { concat, fromHex, utf8 } from '../../../src/base/bytes.ts'
import type { DeviceId, SpanId, TraceId } from '../../../src/model/ids.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { decodeChunk } from '../../../src/query/decode-chunk.ts'
import type {
  ChunkRef,
  MemberKnowledge,
  MeshKnowledge,
  StoredChunk,
  TraceSource,
} from '../../../src/query/trace-source.ts'
import { decodeSpans } from '../../../src/wire/otlp/decode-traces.ts'

export const TRACE = '0af7651916cd43dd8448eb211c80319c' as TraceId
export const OTHER_TRACE = '1af7651916cd43dd8448eb211c80319c' as TraceId
/** 2026-11-22T20:00:00Z */
export const T0_NANO = 1_795_377_600_000_000_000n

export const sha256 = (bytes: Uint8Array): Uint8Array => nodeCrypto.sha256(bytes)

export interface SpanDescription {
  /** Short hex, filled to a span id. */
  readonly id: string
  readonly parent?: string
  readonly name?: string
  /** Milliseconds from {@link T0_NANO}. */
  readonly startMs?: number
  readonly endMs?: number
  readonly kind?: number
  readonly status?: number
  readonly message?: string
  readonly traceId?: string
  readonly links?: readonly string[]
  /** What its links name; default its own. */
  readonly linkTrace?: string
  readonly attributes?: Readonly<Record<string, string>>
  /** Overrides `startMs`. */
  readonly startNano?: bigint
}

export function deviceId(name: string): DeviceId {
  return [...utf8(name)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .padEnd(64, '0') as DeviceId
}

export function spanId(id: string): SpanId {
  return id.padStart(16, '0') as SpanId
}

export function chunk(
  device: string,
  module: string,
  spans: readonly SpanDescription[],
  provenance: StoredChunk['provenance'] = 'verified',
): StoredChunk {
  return { deviceId: deviceId(device), module, provenance, payload: tracesData(spans) }
}

/** A source of these chunks as if they were stored; `onOpen` is told what is opened. */
export function sourceOf(
  chunks: readonly StoredChunk[],
  onOpen?: (payload: Uint8Array) => void,
): Pick<TraceSource, 'chunksOf'> {
  const refs = chunks.map((each) => traceRef(each, onOpen))
  return {
    chunksOf: () =>
      atOnce({ chunks: refs, first: refs[0], spans: refs.reduce((sum, { records }) => sum + records, 0), lost: [] }),
  }
}

function traceRef(of: StoredChunk, onOpen?: (payload: Uint8Array) => void): ChunkRef {
  const spans = decodeChunk(of, (payload) => decodeSpans(payload)) ?? []
  const own = spans.filter(({ traceId }) => traceId === TRACE)
  return chunkRef(
    of,
    own.map(({ startUnixNano }) => startUnixNano),
    onOpen,
  )
}

/** What an index would say of a chunk whose records have these times. What is given back of it is spoiled. */
export function chunkRef(
  of: StoredChunk,
  times: readonly bigint[],
  onOpen: (payload: Uint8Array) => void = () => {},
): ChunkRef {
  const sorted = times.toSorted((a, b) => (a < b ? -1 : 1))
  return {
    deviceId: of.deviceId,
    records: times.length,
    rawBytes: of.payload.length,
    earliestUnixNano: sorted[0] ?? 0n,
    latestUnixNano: sorted.at(-1) ?? 0n,
    *open() {
      yield
      onOpen(of.payload)
      const payload = of.payload.slice()
      return { ...of, payload, free: () => payload.fill(0xff) }
    },
  }
}

export function member(name: string, more: Partial<MemberKnowledge> = {}): MemberKnowledge {
  return {
    deviceId: deviceId(name),
    name,
    connected: true,
    grantsTraces: true,
    pendingSegments: 0,
    syncedThroughUnixMs: 0,
    clock: null,
    clockHistory: [],
    ...more,
  }
}

/** A mesh seen from the first member. */
export function mesh(...members: readonly MemberKnowledge[]): MeshKnowledge {
  return { self: (members[0] as MemberKnowledge).deviceId, members }
}

export function tracesData(spans: readonly SpanDescription[]): Uint8Array {
  return data(...spans.map(spanMessage))
}

/** The envelope that is the same in every signal: one resource, one scope, records. */
export function data(...records: readonly Uint8Array[]): Uint8Array {
  const scope = concat(bytesField(1, bytesField(1, utf8('test'))), ...records.map((record) => bytesField(2, record)))
  return bytesField(1, concat(bytesField(1, new Uint8Array()), bytesField(2, scope)))
}

export function bytesField(number: number, value: Uint8Array): Uint8Array {
  return concat(varint((number << 3) | 2), varint(value.length), value)
}

export function textField(number: number, value: string): Uint8Array {
  return bytesField(number, utf8(value))
}

export function enumField(number: number, value: number): Uint8Array {
  return concat(varint(number << 3), varint(value))
}

export function fixed64Field(number: number, value: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value, true)
  return concat(varint((number << 3) | 1), bytes)
}

export function idField(number: number, hex: string): Uint8Array {
  return bytesField(number, fromHex(hex) as Uint8Array)
}

export function attributeField(number: number, key: string, value: string): Uint8Array {
  return bytesField(number, concat(textField(1, key), bytesField(2, textField(1, value))))
}

export function nanos(ms: number): bigint {
  return T0_NANO + BigInt(Math.round(ms * 1e6))
}

function spanMessage(span: SpanDescription): Uint8Array {
  const { startMs = 0, endMs = startMs + 1, traceId = TRACE, linkTrace = traceId } = span
  return concat(
    idField(1, traceId),
    idField(2, spanId(span.id)),
    span.parent === undefined ? new Uint8Array() : idField(4, spanId(span.parent)),
    textField(5, span.name ?? span.id),
    enumField(6, span.kind ?? 1),
    fixed64Field(7, span.startNano ?? nanos(startMs)),
    fixed64Field(8, nanos(endMs)),
    ...Object.entries(span.attributes ?? {}).map(([key, value]) => attributeField(9, key, value)),
    ...(span.links ?? []).map((id) => bytesField(13, concat(idField(1, linkTrace), idField(2, spanId(id))))),
    bytesField(15, concat(textField(2, span.message ?? ''), enumField(3, span.status ?? 0))),
  )
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return Uint8Array.from(bytes)
}
