/**
 * The audit leaf, version 1: small, non-personal, canonical JSON (RFC 8785). Its bytes are what the Merkle tree hashes;
 * they are stored and sent as they are. Layout, limits and version rule: docs/spec/audit.md.
 *
 * Guarantees: what decodes holds no free text: every reference is hex, every word is from a list or a narrow pattern.
 */
import { fromBase64 } from './base64.ts'
import { AuditError } from './audit-error.ts'
import { OUTCOMES, SEVERITIES, type Outcome, type Severity } from './audit-types.ts'
import { canonicalBytes, parseCanonical, type JsonObject, type JsonValue } from './jcs.ts'

const ACTOR_KINDS = ['user', 'device', 'module', 'plugin', 'peer'] as const
export type ActorKind = (typeof ACTOR_KINDS)[number]

/** What a leaf can be about. A reader keeps leaves about kinds it does not know. */
export type ObjectKind =
  | 'consent'
  | 'device'
  | 'capsule'
  | 'key'
  | 'data'
  | 'plugin'
  | 'export'
  | 'policy'
  | 'audit'
  | 'membership'
  | 'module'
  | 'endpoint'

export interface AuditLeaf extends JsonObject {
  readonly v: 1
  /** An {@link AuditType}, or a type of a newer version. */
  readonly type: string
  /** Index in the tree, from 0. */
  readonly seq: number
  /** Wall clock, RFC 3339 in UTC with milliseconds. */
  readonly ts: string
  /** Milliseconds on a clock that never goes back within one boot. */
  readonly mono: number
  /** Base64 of 8 random bytes: one run of the agent. */
  readonly boot: string
  readonly sev: Severity
  readonly outcome: Outcome
  /** `ref` is lowercase hex: an id, or a keyed hash of a name. */
  readonly actor: { readonly kind: ActorKind; readonly ref: string }
  readonly object?: { readonly kind: string; readonly ref: string } | undefined
  readonly trace?: { readonly trace_id: string; readonly span_id: string } | undefined
  readonly consent?: { readonly id: string; readonly epoch: number } | undefined
  /** Base64 of the payload's salted commitment; absent when there is no payload. */
  readonly pc?: string | undefined
  /** How long the payload is kept, such as `security-1y`. */
  readonly ret: string
}

/** Longest leaf: the largest of version 1 is under 900 bytes; a tile entry could hold 65,535. */
export const MAX_LEAF_BYTES = 2_048
/** Longest reference: 64 bytes hold every id and hash we have. */
const MAX_REF_BYTES = 64
export const BOOT_ID_BYTES = 8
const COMMITMENT_BYTES = 32

type Check = (value: JsonValue | undefined) => boolean

const TYPE = /^[a-z][a-z0-9-]{0,31}\.[a-z][a-z0-9-]{0,31}$/
const WORD = /^[a-z][a-z0-9-]{0,31}$/
const REF = new RegExp(`^(?:[0-9a-f]{2}){4,${MAX_REF_BYTES}}$`)
const hex = (digits: number) => matches(new RegExp(`^[0-9a-f]{${digits}}$`))
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)

const LEAF: Readonly<Record<string, Check>> = {
  v: (value) => value === 1,
  type: matches(TYPE),
  seq: isCount,
  ts: isTimestamp,
  mono: isCount,
  boot: isBase64(BOOT_ID_BYTES),
  sev: oneOf(SEVERITIES),
  outcome: oneOf(OUTCOMES),
  actor: members({ kind: oneOf(ACTOR_KINDS), ref: matches(REF) }),
  object: optional(members({ kind: matches(WORD), ref: matches(REF) })),
  trace: optional(members({ trace_id: hex(32), span_id: hex(16) })),
  consent: optional(members({ id: matches(REF), epoch: isCount })),
  pc: optional(isBase64(COMMITMENT_BYTES)),
  ret: matches(WORD),
}

/** @throws AuditError AUDIT_LEAF_INVALID or AUDIT_LEAF_TOO_LARGE: what cannot be read back is never written. */
export function encodeLeaf(leaf: AuditLeaf): Uint8Array {
  if (!isLeaf(leaf)) throw invalid()
  const bytes = canonicalBytes(leaf)
  if (bytes.length > MAX_LEAF_BYTES) throw tooLarge(bytes.length)
  return bytes
}

/** @throws AuditError AUDIT_LEAF_INVALID or AUDIT_LEAF_TOO_LARGE. Never returns a leaf with members it does not know. */
export function decodeLeaf(bytes: Uint8Array): AuditLeaf {
  if (bytes.length > MAX_LEAF_BYTES) throw tooLarge(bytes.length)
  const value = parseCanonical(bytes)
  if (!isLeaf(value)) throw invalid()
  return value
}

function isLeaf(value: JsonValue | undefined): value is AuditLeaf {
  return members(LEAF)(value)
}

/** An object with these members and no other. */
function members(checks: Readonly<Record<string, Check>>): Check {
  return (value) =>
    isObject(value) &&
    Object.keys(value).every((name) => Object.hasOwn(checks, name)) &&
    Object.entries(checks).every(([name, check]) => check(Object.hasOwn(value, name) ? value[name] : undefined))
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function matches(pattern: RegExp): Check {
  return (value) => typeof value === 'string' && pattern.test(value)
}

function oneOf(words: readonly string[]): Check {
  return (value) => typeof value === 'string' && words.includes(value)
}

function isBase64(length: number): Check {
  return (value) => typeof value === 'string' && fromBase64(value, length) !== undefined
}

function isCount(value: JsonValue | undefined): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0)
}

/** The one way to write this millisecond: rejects the 31st of February and the 61st second. */
function isTimestamp(value: JsonValue | undefined): boolean {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return false
  const timeMs = Date.parse(value)
  return !Number.isNaN(timeMs) && new Date(timeMs).toISOString() === value
}

function invalid(): AuditError {
  return new AuditError('AUDIT_LEAF_INVALID', 'not an audit leaf of version 1')
}

function tooLarge(bytes: number): AuditError {
  return new AuditError('AUDIT_LEAF_TOO_LARGE', 'audit leaf too large', { details: { bytes, max: MAX_LEAF_BYTES } })
}
