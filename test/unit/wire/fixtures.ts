/** Fixed devices, ids and bytes for the tests of our formats, and the trials every decoder is put to. */
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { fromHex, toHex } from '../../../src/base/bytes.ts'
import { toDeviceId, toGrantId, toIncarnation, toLogId, toMeshId, toOpId } from '../../../src/model/ids.ts'
import type { DeviceCard } from '../../../src/model/membership.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import { WireError } from '../../../src/wire/wire-error.ts'

export const crypto = nodeCrypto
export const sha256 = (input: Uint8Array): Uint8Array => nodeCrypto.sha256(input)

/** `length` bytes that count up from `first`: easy to recognise in a hex dump. */
export function bytes(first: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (first + i) & 0xff)
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('fixture is wrong')
  return value
}

/** A device with its secret: the seed is `first` and up. */
function device(name: string, first: number): { seed: Uint8Array; card: DeviceCard } {
  const seed = bytes(first, 32)
  const deviceId = known(toDeviceId(crypto.ed25519PublicKey(seed)))
  return { seed, card: { deviceId, name, peerKey: bytes(first + 1, 32), sealKey: bytes(first + 2, 32) } }
}

export const laptop = device('Laptop', 0x10)
export const phone = device('Telefon 📱', 0x50)
export const mesh = known(toMeshId(bytes(0xa0, 16)))
export const log = known(toLogId(bytes(0xb0, 16)))
export const incarnation = known(toIncarnation(bytes(0xc0, 16)))
export const grantId = known(toGrantId(bytes(0xd0, 16)))
export const opId = (first: number) => known(toOpId(bytes(first, 32)))
export const logKey = { author: laptop.card.deviceId, log, incarnation }

/** Runs a decoder on bytes that must be refused and returns the code it refuses them with. */
export function refusal(decode: () => unknown): string {
  return refusalError(decode).code
}

export function refusalError(decode: () => unknown): WireError {
  try {
    decode()
  } catch (err) {
    if (err instanceof WireError) return err
    throw err
  }
  throw new Error('was accepted')
}

/** Lengths of the strict prefixes that a decoder accepts: there should be none. */
export function acceptedPrefixes(encoded: Uint8Array, decode: (bytes: Uint8Array) => unknown): readonly number[] {
  const lengths = Array.from(encoded, (_, length) => length)
  return lengths.filter((length) => isAccepted(() => decode(encoded.subarray(0, length))))
}

function isAccepted(decode: () => unknown): boolean {
  try {
    decode()
    return true
  } catch (err) {
    if (err instanceof WireError) return false
    throw err
  }
}

/**
 * Feeds a decoder noise, and valid messages with bytes changed. It may accept or refuse with a WireError; anything else
 * it does is returned, with the input and the seed that found it: there should be nothing.
 */
export function surprises(samples: readonly Uint8Array[], decode: (bytes: Uint8Array) => unknown): readonly string[] {
  const damaged = fc
    .tuple(fc.constantFrom(...samples), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }))
    .map(([sample, changes]) => {
      const copy = sample.slice()
      for (const [at, value] of changes) copy[at % copy.length] = value
      return copy
    })
  const input = fc.oneof(fc.uint8Array({ maxLength: 512 }), damaged)
  const run = fc.check(
    fc.property(input, (given) => {
      isAccepted(() => decode(given))
    }),
    { numRuns: 300 },
  )
  return run.failed
    ? [`seed ${run.seed}`, toHex(run.counterexample?.[0] ?? bytes(0, 0)), String(run.errorInstance)]
    : []
}

export interface VectorCase {
  readonly name: string
  readonly value: unknown
  readonly hex: string
  /** What is derived from the bytes: ids, keys, hashes. */
  readonly derived?: Readonly<Record<string, string>>
}

/** Golden cases of one format; texts `hex:...` stand for bytes. They never change: a new version adds new files. */
export function vectors(name: string): readonly VectorCase[] {
  const text = readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8')
  const revive = (_key: string, value: unknown): unknown =>
    typeof value === 'string' && value.startsWith('hex:') ? known(fromHex(value.slice(4))) : value
  return (JSON.parse(text, revive) as { cases: VectorCase[] }).cases
}

export function hexBytes(hex: string): Uint8Array {
  return known(fromHex(hex))
}

export { toHex }
