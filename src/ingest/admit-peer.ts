/**
 * The one door in for a peer's segments: the same stage gate and share decision as everywhere, then the same scan that a
 * local batch gets. The bytes are proven to be the owner's by then; they are still not trusted.
 */
import { MeshError } from '../base/errors.ts'
import { STORED_LANES, type Lane, type StoredLane } from '../model/lane.ts'
import type { Stage } from '../model/stage.ts'
import { decideShare, type ShareRequest, type ShareView } from '../policy/decide-share.ts'
import { decideAdmission } from '../policy/stage-gate.ts'
import { digestOfScan, type Digest } from '../wire/index/digest.ts'
import { digestOfPayload } from '../wire/index/payload-digest.ts'
import { scanOtlp } from '../wire/otlp/scan.ts'

export type AdmitPeerErrorCode = 'POLICY_STAGE' | 'POLICY_NOT_SHARED' | 'SYNC_BAD_PAYLOAD'
export class AdmitPeerError extends MeshError<AdmitPeerErrorCode> {}

export interface PeerPayload {
  readonly stage: Stage
  readonly view: ShareView
  readonly request: ShareRequest
  /** The payload as it was sealed, decompressed. */
  readonly raw: Uint8Array
  /** Records that the owner says it holds. */
  readonly records: number
}

/** @throws {AdmitPeerError} if policy says no, or the payload is not what it claims to be */
export function admitPeer({ stage, view, request, raw, records }: PeerPayload): Digest {
  if (!decideAdmission(stage, { lane: request.lane, origin: 'peer' }).admit) {
    throw new AdmitPeerError('POLICY_STAGE', 'this stage takes nothing from other devices')
  }
  const decision = decideShare(view, request)
  if (decision.effect === 'deny') {
    throw new AdmitPeerError('POLICY_NOT_SHARED', 'its owner does not share this', {
      details: { reason: decision.reason },
    })
  }
  if (!isStored(request.lane)) throw new AdmitPeerError('SYNC_BAD_PAYLOAD', 'a lane that no segment is of')
  const digest = scanPayload(request.lane, raw)
  if (digest.records !== records) {
    throw new AdmitPeerError('SYNC_BAD_PAYLOAD', 'not the number of records it claims', {
      details: { claimed: records, found: digest.records },
    })
  }
  return digest
}

function scanPayload(lane: StoredLane, raw: Uint8Array): Digest {
  try {
    if (lane === 'documents') return digestOfPayload(lane, raw)
    const scan = scanOtlp(lane, raw)
    if (scan.rejected === undefined) return digestOfScan(scan)
  } catch (cause) {
    throw new AdmitPeerError('SYNC_BAD_PAYLOAD', 'the payload is not what its lane holds', { cause })
  }
  throw new AdmitPeerError('SYNC_BAD_PAYLOAD', 'the payload holds records that nobody may admit')
}

function isStored(lane: Lane): lane is StoredLane {
  return (STORED_LANES as readonly Lane[]).includes(lane)
}
