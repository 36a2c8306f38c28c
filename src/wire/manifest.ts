/**
 * Manifest: what an owner says to one device about what it shares; docs/spec/carry.md.
 *
 *   payload  = { 1 version, 2 mesh, 3 owner, 4 recipient, 5 n, 6 atUnixMs, 7 entries, 8 enc, 9 ct, 10 critical? }
 *   envelope = [ payload, owner's signature ]
 *   content  = { 1 version, 2 offers [[log, incarnation, from, to]...], 3 devices [id...],
 *                4 routes [[log, incarnation, device, from, to | null]...], 5 carriers [device...] }
 *
 * The signature is over "aico-mesh/manifest/v1\0" || payload; `ct` is the content, sealed to the recipient (HPKE, RFC 9180)
 * under {@link manifestInfo} and {@link manifestAad}. A device in routes and carriers is a place in the list of devices.
 * Limits: 96 KiB, 1,024 rows a list, 256 devices. Another layout is another version and another domain.
 */
import { concat, utf8 } from '../base/bytes.ts'
import type { Crypto } from '../base/crypto.ts'
import {
  idBytes,
  toDeviceId,
  toIncarnation,
  toLogId,
  DEVICE_ID_BYTES,
  INCARNATION_BYTES,
  LOG_ID_BYTES,
  type DeviceId,
  type Incarnation,
  type LogId,
} from '../model/ids.ts'
import {
  MAX_MANIFEST_DEVICES,
  MAX_MANIFEST_ROWS,
  type ManifestContent,
  type ManifestHead,
  type ManifestOffer,
  type Route,
} from '../model/manifest.ts'
import {
  asArray,
  asBytes,
  asUint,
  decodeCborMap,
  fields,
  mapOf,
  readArray,
  readByteStrings,
  readBytes,
  readBytesBetween,
  readUint,
  type Field,
} from './cbor-fields.ts'
import type { CborMap, CborValue } from './cbor-value.ts'
import { encodeCbor } from './cbor.ts'
import { ControlError, refuseCritical } from './control-error.ts'
import { KEY_BYTES, readDeviceId, readMeshId, readUnixMs, requireVersion } from './shared-fields.ts'
import { openEnvelope, signEnvelope, type EnvelopeKind } from './signed-envelope.ts'
import { fieldError, limitBytes } from './wire-error.ts'

export const MANIFEST_VERSION = 1
/** Largest envelope, in bytes: both lists full of logs counted in millions. */
export const MAX_MANIFEST_BYTES = 96 * 1024
/** Everything in an envelope but the ciphertext, at most, in bytes. */
const MAX_ENVELOPE_OVERHEAD_BYTES = 512
const MIN_CIPHERTEXT_BYTES = 17

export interface Manifest extends ManifestHead {
  /** HPKE encapsulated key. */
  readonly enc: Uint8Array
  readonly ciphertext: Uint8Array
}
export interface DecodedManifest {
  readonly manifest: Manifest
  /** The envelope, to keep and to pass on as it came. */
  readonly bytes: Uint8Array
}

const DOMAIN = utf8('aico-mesh/manifest/v1\0')
const F = fields({
  version: 1,
  mesh: 2,
  owner: 3,
  recipient: 4,
  n: 5,
  atUnixMs: 6,
  entries: 7,
  enc: 8,
  ciphertext: 9,
  critical: 10,
})
const C = fields({ version: 1, offers: 2, devices: 3, routes: 4, carriers: 5 })

/** HPKE `info`: whose manifest, for whom, in which mesh. */
export function manifestInfo({
  mesh,
  owner,
  recipient,
}: Pick<ManifestHead, 'mesh' | 'owner' | 'recipient'>): Uint8Array {
  return concat(DOMAIN, idBytes(mesh), idBytes(owner), idBytes(recipient))
}

/** HPKE `aad`: everything else that is said in the open. */
export function manifestAad({ n, atUnixMs, entries }: Pick<ManifestHead, 'n' | 'atUnixMs' | 'entries'>): Uint8Array {
  return encodeCbor([n, atUnixMs, entries])
}

const ENVELOPE: EnvelopeKind<Manifest> = {
  name: 'manifest',
  domain: DOMAIN,
  maxBytes: MAX_MANIFEST_BYTES,
  role: 'owner',
  read: readManifest,
  signerOf: ({ owner }) => owner,
}

/** Signed with the owner's seed. @throws {WireError} for a manifest that a reader would refuse. */
export function signManifest(
  crypto: Pick<Crypto, 'ed25519Sign'>,
  ownerSeed: Uint8Array,
  manifest: Manifest,
): Uint8Array {
  const payload = encodeCbor(
    mapOf(
      [F.version, MANIFEST_VERSION],
      [F.mesh, idBytes(manifest.mesh)],
      [F.owner, idBytes(manifest.owner)],
      [F.recipient, idBytes(manifest.recipient)],
      [F.n, manifest.n],
      [F.atUnixMs, manifest.atUnixMs],
      [F.entries, manifest.entries],
      [F.enc, manifest.enc],
      [F.ciphertext, manifest.ciphertext],
    ),
  )
  return signEnvelope(ENVELOPE, crypto, ownerSeed, payload)
}

/**
 * @throws {ControlError} `CONTROL_BAD_SIGNATURE` unless the owner named in it signed it.
 * @throws {WireError} for bytes that are no manifest.
 */
export function decodeManifest(bytes: Uint8Array, crypto: Pick<Crypto, 'ed25519Verify'>): DecodedManifest {
  const { value: manifest } = openEnvelope(ENVELOPE, crypto, bytes)
  return { manifest, bytes: new Uint8Array(bytes) }
}

/** @throws {WireError} for content that a reader would refuse. */
export function encodeManifestContent({ offers, routes, carriers }: ManifestContent): Uint8Array {
  const devices = [...new Set([...routes.map(({ device }) => device), ...carriers])].sort()
  const places = new Map(devices.map((device, at) => [device, at]))
  const bytes = encodeCbor(
    mapOf(
      [C.version, MANIFEST_VERSION],
      [C.offers, offers.map(({ log, incarnation, from, to }) => [idBytes(log), idBytes(incarnation), from, to])],
      [C.devices, devices.map((device) => idBytes(device))],
      [
        C.routes,
        routes.map(({ log, incarnation, device, from, to }) => [
          idBytes(log),
          idBytes(incarnation),
          places.get(device) as number,
          from,
          to ?? null,
        ]),
      ],
      [C.carriers, [...new Set(carriers)].map((device) => places.get(device) as number)],
    ),
  )
  decodeManifestContent(bytes)
  return bytes
}

/** @throws {WireError} for bytes that are no content of a manifest. */
export function decodeManifestContent(bytes: Uint8Array): ManifestContent {
  limitBytes(bytes, MAX_MANIFEST_BYTES, 'manifest content')
  const map = decodeCborMap(bytes, 'manifest content')
  requireVersion(map, C.version, MANIFEST_VERSION)
  const devices = readByteStrings(map, C.devices, MAX_MANIFEST_DEVICES, DEVICE_ID_BYTES, DEVICE_ID_BYTES).map(
    (id) => toDeviceId(id) as DeviceId,
  )
  const deviceAt = (value: CborValue, field: Field): DeviceId => {
    const device = devices[asUint(value, field.name)]
    if (device === undefined) throw fieldError('WIRE_FIELD_RANGE', field.name, 'no device at this place')
    return device
  }
  return {
    offers: readLists(map, C.offers, 4).map(readOffer),
    routes: readLists(map, C.routes, 5).map((row) => ({
      ...logOf(row, C.routes),
      device: deviceAt(row[2] as CborValue, C.routes),
      ...rangeOf(row.slice(3), C.routes),
    })),
    carriers: readArray(map, C.carriers, MAX_MANIFEST_DEVICES).map((place) => deviceAt(place, C.carriers)),
  }
}

function readManifest(payload: Uint8Array): Manifest {
  const map = decodeCborMap(payload, 'manifest payload')
  requireVersion(map, F.version, MANIFEST_VERSION)
  refuseCritical(map, F.critical)
  const manifest: Manifest = {
    mesh: readMeshId(map, F.mesh),
    owner: readDeviceId(map, F.owner),
    recipient: readDeviceId(map, F.recipient),
    n: readUint(map, F.n, Number.MAX_SAFE_INTEGER, 1),
    atUnixMs: readUnixMs(map, F.atUnixMs),
    entries: readUint(map, F.entries),
    enc: readBytes(map, F.enc, KEY_BYTES),
    ciphertext: readBytesBetween(
      map,
      F.ciphertext,
      MIN_CIPHERTEXT_BYTES,
      MAX_MANIFEST_BYTES - MAX_ENVELOPE_OVERHEAD_BYTES,
    ),
  }
  if (manifest.owner === manifest.recipient) {
    throw new ControlError('CONTROL_CONTRADICTION', 'nobody makes a manifest for itself')
  }
  return manifest
}

function readLists(map: CborMap, field: Field, length: number): readonly (readonly CborValue[])[] {
  return readArray(map, field, MAX_MANIFEST_ROWS).map((row) => asArray(row, field.name, length, length))
}

function readOffer(row: readonly CborValue[]): ManifestOffer {
  const { from, to } = rangeOf(row.slice(2), C.offers)
  if (to === undefined) throw fieldError('WIRE_FIELD_TYPE', C.offers.name, 'an offer has an end')
  return { ...logOf(row, C.offers), from, to }
}

function logOf([log, incarnation]: readonly CborValue[], { name }: Field): Pick<Route, 'log' | 'incarnation'> {
  return {
    log: toLogId(asBytes(log as CborValue, name, LOG_ID_BYTES, LOG_ID_BYTES)) as LogId,
    incarnation: toIncarnation(
      asBytes(incarnation as CborValue, name, INCARNATION_BYTES, INCARNATION_BYTES),
    ) as Incarnation,
  }
}

function rangeOf([first, last]: readonly CborValue[], { name }: Field): Pick<Route, 'from' | 'to'> {
  const from = asUint(first as CborValue, name)
  const to = last === null ? undefined : asUint(last as CborValue, name)
  if (to !== undefined && from > to) throw fieldError('WIRE_FIELD_RANGE', name, 'after the end of its range')
  return { from, to }
}
