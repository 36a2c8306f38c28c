/**
 * Messages of nearby pairing, kinds 37 to 41 of the pairing protocol; docs/spec/pairing.md.
 *
 *   caller -> answerer: seek     answerer -> caller: commit     caller -> answerer: show     answerer -> caller: open
 *   either side, once its person said that the codes are the same: agree
 *
 * The caller is whoever dialled. What it shows comes after the answerer's commitment, so neither can choose its part by the
 * other's. Then the two go on as with a ticket: join, offer, accept, done.
 */
import { idBytes, type MeshId } from '../model/ids.ts'
import type { DeviceCard } from '../model/membership.ts'
import { asUint, fields, mapOf, readArray, readBool, readBytes, readMap, readUint } from './cbor-fields.ts'
import type { CborMap } from './cbor-value.ts'
import { cardMap, readCard } from './device-card.ts'
import type { MessageTable } from './message-table.ts'
import { HASH_BYTES, readMeshId } from './shared-fields.ts'

/** Versions of nearby pairing that this device speaks, the best last. */
export const NEARBY_VERSIONS: readonly number[] = [1]
/** Most versions that a caller names. */
export const MAX_NEARBY_VERSIONS = 16
export const NEARBY_NONCE_BYTES = 32

/** What a device says of itself, and all of it is in the code that people compare. */
export interface NearbyPart {
  readonly nonce: Uint8Array
  readonly card: DeviceCard
  readonly mesh: MeshId
  /** It is in a mesh with others: it can take in, and not join. */
  readonly hasOthers: boolean
}

export interface PairSeek {
  readonly type: 'seek'
  /** What the caller speaks. */
  readonly versions: readonly number[]
}
export interface PairCommit {
  readonly type: 'commit'
  /** What is spoken from here on. */
  readonly version: number
  readonly commitment: Uint8Array
}
export interface PairShow {
  readonly type: 'show'
  readonly part: NearbyPart
}
export interface PairOpen {
  readonly type: 'open'
  readonly part: NearbyPart
}
export interface PairAgree {
  readonly type: 'agree'
}
export type NearbyMessage = PairSeek | PairCommit | PairShow | PairOpen | PairAgree

const SEEK = fields({ versions: 1 })
const COMMIT = fields({ version: 1, commitment: 2 })
const PART = fields({ part: 1 })
const P = fields({ nonce: 1, card: 2, mesh: 3, hasOthers: 4 })

export function nearbyPartMap(part: NearbyPart): CborMap {
  return mapOf(
    [P.nonce, part.nonce],
    [P.card, cardMap(part.card)],
    [P.mesh, idBytes(part.mesh)],
    [P.hasOthers, part.hasOthers],
  )
}

function readPart(map: CborMap): NearbyPart {
  const part = readMap(map, PART.part)
  return {
    nonce: readBytes(part, P.nonce, NEARBY_NONCE_BYTES),
    card: readCard(readMap(part, P.card)),
    mesh: readMeshId(part, P.mesh),
    hasOthers: readBool(part, P.hasOthers),
  }
}

export const NEARBY_CODECS: MessageTable<NearbyMessage> = {
  seek: {
    kind: 37,
    write: (m) => mapOf([SEEK.versions, m.versions]),
    read: (map) => ({
      type: 'seek',
      versions: readArray(map, SEEK.versions, MAX_NEARBY_VERSIONS, 1).map((value) => asUint(value, 'versions')),
    }),
  },
  commit: {
    kind: 38,
    write: (m) => mapOf([COMMIT.version, m.version], [COMMIT.commitment, m.commitment]),
    read: (map) => ({
      type: 'commit',
      version: readUint(map, COMMIT.version),
      commitment: readBytes(map, COMMIT.commitment, HASH_BYTES),
    }),
  },
  show: {
    kind: 39,
    write: (m) => mapOf([PART.part, nearbyPartMap(m.part)]),
    read: (map) => ({ type: 'show', part: readPart(map) }),
  },
  open: {
    kind: 40,
    write: (m) => mapOf([PART.part, nearbyPartMap(m.part)]),
    read: (map) => ({ type: 'open', part: readPart(map) }),
  },
  agree: { kind: 41, write: () => mapOf(), read: () => ({ type: 'agree' }) },
}
