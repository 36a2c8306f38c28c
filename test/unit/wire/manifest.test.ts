import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../../src/base/bytes.ts'
import { idBytes } from '../../../src/model/ids.ts'
import {
  MAX_MANIFEST_DEVICES,
  MAX_MANIFEST_ROWS,
  type ManifestContent,
  type Route,
} from '../../../src/model/manifest.ts'
import { decodeCbor, encodeCbor } from '../../../src/wire/cbor.ts'
import type { CborMap, CborValue } from '../../../src/wire/cbor-value.ts'
import {
  decodeManifest,
  decodeManifestContent,
  encodeManifestContent,
  manifestAad,
  manifestInfo,
  MAX_MANIFEST_BYTES,
  signManifest,
  type Manifest,
} from '../../../src/wire/manifest.ts'
import * as fx from './fixtures.ts'

const manifest: Manifest = {
  mesh: fx.mesh,
  owner: fx.laptop.card.deviceId,
  recipient: fx.phone.card.deviceId,
  n: 4,
  atUnixMs: 1_795_000_000_000,
  entries: 2,
  enc: fx.bytes(3, 32),
  ciphertext: fx.bytes(4, 60),
}
const signed = signManifest(fx.crypto, fx.laptop.seed, manifest)
const [payload] = decodeCbor(signed) as [Uint8Array, Uint8Array]
const decode = (bytes: Uint8Array) => decodeManifest(bytes, fx.crypto)

/** The manifest with fields changed, signed again. */
function changed(changes: Readonly<Record<number, CborValue | undefined>>, seed = fx.laptop.seed): Uint8Array {
  const map = new Map(decodeCbor(payload) as CborMap)
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) map.delete(Number(key))
    else map.set(Number(key), value)
  }
  const bytes = encodeCbor(map)
  return encodeCbor([bytes, fx.crypto.ed25519Sign(seed, concat(utf8('aico-mesh/manifest/v1\0'), bytes))])
}

const refused: { name: string; bytes: Uint8Array; code: string }[] = [
  { name: 'another version', bytes: changed({ 1: 2 }), code: 'WIRE_VERSION' },
  { name: 'a number below the first', bytes: changed({ 5: 0 }), code: 'WIRE_FIELD_RANGE' },
  { name: 'no count of entries', bytes: changed({ 7: undefined }), code: 'WIRE_FIELD_MISSING' },
  { name: 'a ciphertext without content', bytes: changed({ 9: fx.bytes(0, 16) }), code: 'WIRE_FIELD_RANGE' },
  { name: 'a critical extension', bytes: changed({ 10: [1] }), code: 'CONTROL_UNKNOWN_CRITICAL' },
  { name: 'an owner for itself', bytes: changed({ 4: idBytes(manifest.owner) }), code: 'CONTROL_CONTRADICTION' },
  { name: "the recipient's signature", bytes: changed({}, fx.phone.seed), code: 'CONTROL_BAD_SIGNATURE' },
  {
    name: 'a signature without the domain',
    bytes: encodeCbor([payload, fx.crypto.ed25519Sign(fx.laptop.seed, payload)]),
    code: 'CONTROL_BAD_SIGNATURE',
  },
  { name: 'an envelope of one', bytes: encodeCbor([payload]), code: 'WIRE_FIELD_RANGE' },
  { name: 'one over the limit', bytes: new Uint8Array(MAX_MANIFEST_BYTES + 1), code: 'WIRE_TOO_LARGE' },
]

describe('manifest', () => {
  test.each(fx.vectors('manifest'))('[CA15] golden: $name', ({ value, hex, derived }) => {
    const expected = value as Manifest
    expect(fx.toHex(signManifest(fx.crypto, fx.laptop.seed, expected))).toBe(hex)
    const { manifest: read, bytes } = decode(fx.hexBytes(hex))
    expect(read).toEqual(expected)
    expect(fx.toHex(bytes)).toBe(hex)
    expect(fx.toHex(manifestInfo(read))).toBe(derived?.['info'])
    expect(fx.toHex(manifestAad(read))).toBe(derived?.['aad'])
  })

  test('[CA15] every prefix is refused, and noise is refused or read', () => {
    expect(fx.acceptedPrefixes(signed, decode)).toEqual([])
    expect(fx.surprises([signed], decode)).toEqual([])
  })

  test.each(refused)('[CA15] refused: $name', ({ bytes, code }) => {
    expect(fx.refusal(() => decode(bytes))).toBe(code)
  })
})

describe('its content', () => {
  const route: Route = {
    log: fx.log,
    incarnation: fx.incarnation,
    device: manifest.recipient,
    from: 0,
    to: Number.MAX_SAFE_INTEGER,
  }
  const offer = { log: fx.log, incarnation: fx.incarnation, from: 0, to: Number.MAX_SAFE_INTEGER }
  const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)
  const full: ManifestContent = {
    offers: times(MAX_MANIFEST_ROWS, offer),
    routes: times(MAX_MANIFEST_ROWS, route),
    carriers: [],
  }

  test.each(fx.vectors('manifest-content'))('[CA15] golden: $name', ({ value, hex }) => {
    expect(fx.toHex(encodeManifestContent(value as ManifestContent))).toBe(hex)
    expect(decodeManifestContent(fx.hexBytes(hex))).toEqual(value)
  })

  test('[CA15] every prefix is refused, and noise is refused or read', () => {
    for (const { hex } of fx.vectors('manifest-content')) {
      const bytes = fx.hexBytes(hex)
      expect(fx.acceptedPrefixes(bytes, decodeManifestContent)).toEqual([])
      expect(fx.surprises([bytes], decodeManifestContent)).toEqual([])
    }
  })

  test('[CA15] full lists of the largest rows fit a manifest, and one row more is not written', () => {
    const bytes = encodeManifestContent(full)
    expect(decodeManifestContent(bytes)).toEqual(full)
    const sealed = { ...manifest, ciphertext: concat(bytes, new Uint8Array(16)) }
    expect(decode(signManifest(fx.crypto, fx.laptop.seed, sealed)).manifest).toEqual(sealed)
    for (const more of [{ offers: [...full.offers, offer] }, { routes: [...full.routes, route] }]) {
      expect(fx.refusal(() => encodeManifestContent({ ...full, ...more }))).toBe('WIRE_FIELD_RANGE')
    }
  })

  test.each([
    { name: 'a route to nobody', change: [4, [[idBytes(fx.log), idBytes(fx.incarnation), 9, 0, null]]] },
    { name: 'a carrier that is nobody', change: [5, [0]] },
    { name: 'a range that ends before it starts', change: [2, [[idBytes(fx.log), idBytes(fx.incarnation), 2, 1]]] },
    { name: 'more devices than it may name', change: [3, times(MAX_MANIFEST_DEVICES + 1, idBytes(manifest.owner))] },
    { name: 'an offer without an end', change: [2, [[idBytes(fx.log), idBytes(fx.incarnation), 2, null]]] },
    { name: 'a row that is too short', change: [2, [[idBytes(fx.log), idBytes(fx.incarnation), 2]]] },
  ] as { name: string; change: [number, CborValue] }[])('[CA15] refused: $name', ({ change: [key, value] }) => {
    const empty = decodeCbor(encodeManifestContent({ offers: [], routes: [], carriers: [] })) as CborMap
    const bytes = encodeCbor(new Map([...empty, [key, value]]))
    expect(fx.refusal(() => decodeManifestContent(bytes))).toMatch(/^WIRE_FIELD_(?:RANGE|TYPE)$/)
  })
})
