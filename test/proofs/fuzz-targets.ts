/**
 * Everything that reads bytes from outside, each with bytes that it takes: the golden vectors, from which fuzz-decoders.ts makes
 * hostile ones. Signatures always verify here: whoever attacks may be a member, who signs whatever it likes.
 */
import { readFileSync } from 'node:fs'
import { concat, fromHex, utf8 } from '../../src/base/bytes.ts'
import type { Signal } from '../../src/model/lane.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { decodeBase32, encodeBase32 } from '../../src/wire/base32.ts'
import { readAuditReport, readNotifyReport } from '../../src/wire/bus-report.ts'
import { decodeAgentFrames, decodeModuleFrames } from '../../src/wire/bus-frames.ts'
import { decodeCbor } from '../../src/wire/cbor.ts'
import { decodeConsentOp } from '../../src/wire/consent-op.ts'
import { decodeControlEntry } from '../../src/wire/control-entry.ts'
import { decodeReceipt } from '../../src/wire/custody-receipt.ts'
import { decodeDocumentRecords } from '../../src/wire/documents/document-record.ts'
import { decodeEntries } from '../../src/wire/documents/entry-update.ts'
import { FRAME_HEADER_BYTES, FrameDecoder } from '../../src/wire/frame.ts'
import { decodeKeyHandover } from '../../src/wire/key-handover.ts'
import { decodeManifest, decodeManifestContent } from '../../src/wire/manifest.ts'
import { decodeMembershipOp, decodeMembershipPayload } from '../../src/wire/membership-op.ts'
import { otlpJsonToProtobuf } from '../../src/wire/otlp/from-json.ts'
import { scanOtlp } from '../../src/wire/otlp/scan.ts'
import { decodePairMessage } from '../../src/wire/pair-messages.ts'
import { readPluginManifest } from '../../src/wire/plugin-manifest.ts'
import { decodeBody } from '../../src/wire/segment-body.ts'
import { decodeSegmentHeader } from '../../src/wire/segment-header.ts'
import { decodeSignedHead } from '../../src/wire/signed-head.ts'
import { decodeSyncMessage } from '../../src/wire/sync-messages.ts'
import { decodeTicket } from '../../src/wire/ticket.ts'
import { logs, metrics, traces } from '../support/otlp-records.ts'

export interface FuzzTarget {
  readonly name: string
  /** Returns, or throws what was thrown on purpose. */
  readonly read: (bytes: Uint8Array) => unknown
  readonly seeds: readonly Uint8Array[]
}

const crypto = { ...nodeCrypto, ed25519Verify: () => true }
const { sha256 } = nodeCrypto
const CHECKSUM_BYTES = 4
const PARTIES = { owner: '11'.repeat(32), recipient: '22'.repeat(32) } as Parameters<typeof decodeConsentOp>[1]
/** Shorter hex is an id or a number. */
const LEAST_HEX_DIGITS = 24

/** The first byte says which kind, the rest is its payload. */
const ofKind =
  (read: (kind: number, payload: Uint8Array) => unknown) =>
  (bytes: Uint8Array): unknown =>
    read((bytes[0] ?? 0) % 64, bytes.subarray(1))

function frames(bytes: Uint8Array): void {
  const decoder = new FrameDecoder()
  const middle = (bytes[0] ?? 0) % (bytes.length + 1)
  decoder.push(bytes.subarray(0, middle))
  decoder.push(bytes.subarray(middle))
}

/** What a mistyping would fail at is right, so that what is behind it is read. */
function ticket(content: Uint8Array): unknown {
  return decodeTicket(`aicomesh1${encodeBase32(concat(content, sha256(content).subarray(0, CHECKSUM_BYTES)))}`, sha256)
}

/** Everything up to the first zero byte is the header. */
function busFrames(read: (frames: readonly Uint8Array[]) => unknown): (bytes: Uint8Array) => unknown {
  return (bytes) => {
    const end = bytes.indexOf(0)
    return read(end < 0 ? [bytes, new Uint8Array()] : [bytes.subarray(0, end), bytes.subarray(end + 1)])
  }
}

const syncFrames = vectors('sync-messages')
const messages = (from: readonly Uint8Array[]): readonly Uint8Array[] =>
  from.map((frame) => concat(frame.subarray(1, 2), frame.subarray(FRAME_HEADER_BYTES)))
const json = (...values: readonly unknown[]): readonly Uint8Array[] =>
  values.map((value) => utf8(JSON.stringify(value)))
const busHeaders = (side: string): readonly Uint8Array[] =>
  (readVectors('bus')[side] as readonly { readonly header: string }[]).map(({ header }) => utf8(header))

export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  { name: 'CBOR', read: decodeCbor, seeds: vectors('consent-op', 'control-entry', 'membership-op', 'key-handover') },
  { name: 'frames', read: frames, seeds: [...syncFrames, ...vectors('pair-messages')] },
  { name: 'sync messages', read: ofKind(decodeSyncMessage), seeds: messages(syncFrames) },
  { name: 'pairing messages', read: ofKind(decodePairMessage), seeds: messages(vectors('pair-messages')) },
  { name: 'tickets', read: ticket, seeds: ticketContents() },
  {
    name: 'membership operations',
    read: (bytes) => decodeMembershipOp(bytes, crypto),
    seeds: vectors('membership-op'),
  },
  {
    name: 'membership payloads',
    read: (bytes) => decodeMembershipPayload(bytes, sha256),
    seeds: vectors('membership-op'),
  },
  {
    name: 'consent operations',
    read: (bytes) => decodeConsentOp(bytes, PARTIES, sha256),
    seeds: vectors('consent-op'),
  },
  { name: 'control entries', read: (bytes) => decodeControlEntry(bytes, crypto), seeds: vectors('control-entry') },
  { name: 'key hand-overs', read: decodeKeyHandover, seeds: vectors('key-handover') },
  { name: 'manifests', read: (bytes) => decodeManifest(bytes, crypto), seeds: vectors('manifest') },
  { name: 'contents of manifests', read: decodeManifestContent, seeds: vectors('manifest-content') },
  { name: 'custody receipts', read: (bytes) => decodeReceipt(bytes, crypto), seeds: vectors('custody-receipt') },
  { name: 'segment headers', read: decodeSegmentHeader, seeds: vectors('segment-header', 'sealed-segment') },
  { name: 'segment bodies', read: decodeBody, seeds: vectors('segment-body', 'sealed-segment') },
  { name: 'signed heads', read: decodeSignedHead, seeds: vectors('signed-head') },
  { name: 'document records', read: decodeDocumentRecords, seeds: vectors('document-record') },
  { name: 'entries of documents', read: decodeEntries, seeds: vectors('entry-update') },
  { name: 'bus frames of modules', read: busFrames(decodeModuleFrames), seeds: busHeaders('moduleToAgent') },
  { name: 'bus frames of agents', read: busFrames(decodeAgentFrames), seeds: busHeaders('agentToModule') },
  {
    name: 'reports of modules',
    read: (bytes) => [readAuditReport(bytes), readNotifyReport(bytes)],
    seeds: json({ type: 'memory.erased', outcome: 'denied', data: { a: 1, b: 'x' } }, { text: 'The kettle is on' }),
  },
  {
    name: 'plugin manifests',
    read: readPluginManifest,
    seeds: json({
      v: 1,
      name: 'weather',
      title: 'Weather',
      publish: ['weather/'],
      signals: ['logs'],
      attributes: ['a.*'],
    }),
  },
  { name: 'OTLP traces', read: (bytes) => scanned('traces', bytes), seeds: [traces('app', { trace: 1, span: 1 })] },
  { name: 'OTLP logs', read: (bytes) => scanned('logs', bytes), seeds: [logs('app', 9, 17)] },
  { name: 'OTLP metrics', read: (bytes) => scanned('metrics', bytes), seeds: [metrics('app', 4)] },
  {
    name: 'OTLP as JSON',
    read: (bytes) => otlpJsonToProtobuf('traces', new TextDecoder().decode(bytes)),
    seeds: json({
      resourceSpans: [
        {
          scopeSpans: [{ spans: [{ traceId: 'aa', name: 'x', attributes: [{ key: 'k', value: { intValue: '1' } }] }] }],
        },
      ],
    }),
  },
]

/** What of it is new is in what was rejected, not in the columns. */
function scanned(signal: Signal, bytes: Uint8Array): unknown {
  const { accepted, rejected } = scanOtlp(signal, bytes)
  return { isEmpty: accepted === 0, codes: rejected?.reasons.map(({ code, message }) => `${code} ${message}`) }
}

function ticketContents(): readonly Uint8Array[] {
  return textsIn(readVectors('ticket')).flatMap((text) => {
    const bytes = text.startsWith('aicomesh1') ? decodeBase32(text.slice('aicomesh1'.length)) : undefined
    return bytes ? [bytes.subarray(0, -CHECKSUM_BYTES)] : []
  })
}

function readVectors(name: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')) as Record<
    string,
    unknown
  >
}

/** Every long run of hex digits in these vectors, as bytes. */
function vectors(...names: readonly string[]): readonly Uint8Array[] {
  const texts = names.flatMap((name) => textsIn(readVectors(name)))
  return texts.flatMap((text) => {
    const hex = text.replace(/^hex:/, '')
    return hex.length >= LEAST_HEX_DIGITS ? (fromHex(hex) ?? []) : []
  })
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(textsIn) : []
}
