/** What callers hand to the audit log, and the leaf it becomes. No personal data but in the payload. */
import { AuditError } from '../audit/audit-error.ts'
import { retentionOf, severityOf, type AuditType, type Outcome } from '../audit/audit-types.ts'
import { canonicalBytes, type JsonObject } from '../audit/jcs.ts'
import type { ActorKind, AuditLeaf, ObjectKind } from '../audit/leaf.ts'
import { MAX_PAYLOAD_BYTES } from '../audit/payload-commitment.ts'

export interface AuditEntry {
  readonly type: AuditType
  readonly outcome: Outcome
  /** `ref` in lowercase hex: an id, or what `refOf` answers for a name. */
  readonly actor: { readonly kind: ActorKind; readonly ref: string }
  readonly object?: { readonly kind: ObjectKind; readonly ref: string } | undefined
  readonly trace?: { readonly traceId: string; readonly spanId: string } | undefined
  readonly consent?: { readonly id: string; readonly epoch: number } | undefined
  /** The only place for names, addresses and reasons: encrypted, and erased when its class expires. */
  readonly payload?: JsonObject | undefined
}

/** What the log itself knows of an entry. */
export interface EntryPlace {
  readonly seq: number
  readonly nowMs: number
  readonly monoMs: number
  readonly boot: string
  readonly commitment: string | undefined
}

export function entryToLeaf(entry: AuditEntry, place: EntryPlace): AuditLeaf {
  return {
    v: 1,
    type: entry.type,
    seq: place.seq,
    ts: timestamp(place.nowMs),
    mono: place.monoMs,
    boot: place.boot,
    sev: severityOf(entry.type, entry.outcome),
    outcome: entry.outcome,
    actor: entry.actor,
    object: entry.object,
    trace: entry.trace && { trace_id: entry.trace.traceId, span_id: entry.trace.spanId },
    consent: entry.consent,
    pc: place.commitment,
    ret: retentionOf(entry.type),
  }
}

/** @throws AuditError AUDIT_PAYLOAD_TOO_LARGE, or AUDIT_JSON_INVALID for what is not JSON. */
export function payloadToBytes(payload: JsonObject): Uint8Array {
  const bytes = canonicalBytes(payload)
  if (bytes.length > MAX_PAYLOAD_BYTES) {
    throw new AuditError('AUDIT_PAYLOAD_TOO_LARGE', 'audit payload too large', {
      details: { bytes: bytes.length, max: MAX_PAYLOAD_BYTES },
    })
  }
  return bytes
}

/** A wall clock can be set to anything; what has no four-digit year is recorded as the epoch, and `mono` still orders it. */
function timestamp(timeMs: number): string {
  const YEAR_10000_MS = 253_402_300_800_000
  return new Date(timeMs >= 0 && timeMs < YEAR_10000_MS ? Math.floor(timeMs) : 0).toISOString()
}
