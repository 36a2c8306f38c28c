/**
 * Segments: the unit of storage, identity and sync (docs/spec/segments.md). These are the decoded words;
 * bytes are in src/wire/segment-header.ts.
 */
import type { DeviceId, Incarnation, LogId } from './ids.ts'
import type { Lane } from './lane.ts'

/** Most records in one segment. */
export const MAX_SEGMENT_RECORDS = 4096
/** Most payload bytes in one segment, before compression. */
export const MAX_SEGMENT_RAW_BYTES = 1 << 20
/** Largest sealed body: the raw bound, room for incompressible input, Padme's 12 % at most and the tag. */
export const MAX_SEALED_BYTES = 1_258_291

/** Names one log of one device. */
export interface LogKey {
  readonly author: DeviceId
  readonly log: LogId
  readonly incarnation: Incarnation
}

/** What a log holds; travels only inside key hand-overs. */
export interface LogDescription extends LogKey {
  readonly lane: Lane
  readonly module: string
  readonly part: string
}

export interface SegmentHeader extends LogKey {
  readonly version: 1
  /** 1 = ChaCha20-Poly1305, HKDF-SHA256, SHA-256, Ed25519. */
  readonly suite: 1
  /** Contiguous from 0. */
  readonly seq: number
  /** Id of the header before; undefined only at seq 0 or above a prune mark. */
  readonly prev: Uint8Array | undefined
  /** 16 random bytes that make the segment's key its own. */
  readonly salt: Uint8Array
  /** Commitment to the part key (16 bytes): says which key opens it, before any decryption. */
  readonly keyCommitment: Uint8Array
  readonly sealedBytes: number
  /** SHA-256 of the sealed body. */
  readonly sealedHash: Uint8Array
  /** Coarse day (days since 1970) after which a carrier may drop it. */
  readonly dropAfterDay: number | undefined
}

/** A signature that vouches for every header reachable from `id` through `prev`. */
export interface SignedHead extends LogKey {
  readonly seq: number
  readonly id: Uint8Array
  readonly signature: Uint8Array
}

/** Inclusive range of sequence numbers. */
export interface SeqRange {
  readonly from: number
  readonly to: number
}
