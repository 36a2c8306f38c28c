/** What the CBOR codec speaks: its values, its limits and its error. Rules: docs/spec/cbor.md. */
import { WireError } from './wire-error.ts'

export type CborMap = ReadonlyMap<number, CborValue>
/** Numbers are integers of at most 2^53-1 either side of zero; map keys are unsigned integers. */
export type CborValue = number | boolean | null | string | Uint8Array | readonly CborValue[] | CborMap

/** Deepest nesting of arrays and maps; our own formats need four. */
export const MAX_CBOR_DEPTH = 8
/** Most values in one encoding, at any depth, keys not counted: the longest list of ours is 2,048 rows of seven. */
export const MAX_CBOR_ITEMS = 32_768

export type CborErrorCode =
  | 'CBOR_TRUNCATED'
  | 'CBOR_TRAILING_BYTES'
  | 'CBOR_NOT_CANONICAL'
  | 'CBOR_UNSUPPORTED'
  | 'CBOR_INTEGER_RANGE'
  | 'CBOR_TEXT'
  | 'CBOR_MAP_KEY'
  | 'CBOR_MAP_ORDER'
  | 'CBOR_TOO_DEEP'
  | 'CBOR_TOO_MANY_ITEMS'
export class CborError extends WireError<CborErrorCode> {}

/** Major types of RFC 8949, 3.1. */
export const MAJOR = { uint: 0, negint: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 } as const
/** The simple values we use, as initial bytes. */
export const SIMPLE = { false: 0xf4, true: 0xf5, null: 0xf6 } as const

/** Counts values and nesting on the way through an encoding, in either direction. */
export class CborBudget {
  #items = 0
  #depth = 0

  /** @throws {CborError} `CBOR_TOO_MANY_ITEMS`. */
  item(): void {
    this.#items += 1
    if (this.#items > MAX_CBOR_ITEMS) {
      throw new CborError('CBOR_TOO_MANY_ITEMS', 'too many values', { details: { limit: MAX_CBOR_ITEMS } })
    }
  }

  /** @throws {CborError} `CBOR_TOO_DEEP`. */
  enter(): void {
    this.#depth += 1
    if (this.#depth > MAX_CBOR_DEPTH) {
      throw new CborError('CBOR_TOO_DEEP', 'nested too deeply', { details: { limit: MAX_CBOR_DEPTH } })
    }
  }

  leave(): void {
    this.#depth -= 1
  }
}
