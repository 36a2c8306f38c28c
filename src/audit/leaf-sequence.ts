/**
 * Walks a log leaf by leaf, from the first, and says at which leaf it stops being one: the same check for our own
 * store and for a log that another device sends. Ends with the root, to be compared with a trusted one.
 */
import type { Sha256 } from '../base/crypto.ts'
import { appendLeafHash, EMPTY_RANGE, leafHash, rootOf } from './merkle-tree.ts'
import { decodeLeaf, type AuditLeaf } from './leaf.ts'

export type LeafProblem =
  /** Not a leaf of version 1, or not its canonical bytes. */
  | 'AUDIT_LEAF_INVALID'
  /** The leaf says it stands somewhere else. */
  | 'AUDIT_SEQ_WRONG'
  /** Its clock is before that of an earlier leaf of the same boot. */
  | 'AUDIT_MONO_BACKWARDS'

export type LeafVerdict =
  | { readonly ok: true; readonly leaf: AuditLeaf; readonly hash: Uint8Array }
  | { readonly ok: false; readonly code: LeafProblem }

export class LeafSequence {
  readonly #sha256: Sha256
  readonly #lastMonoByBoot = new Map<string, number>()
  #range = EMPTY_RANGE

  constructor(sha256: Sha256) {
    this.#sha256 = sha256
  }

  get size(): number {
    return this.#range.size
  }

  root(): Uint8Array {
    return rootOf(this.#sha256, this.#range)
  }

  /** Takes the next leaf. One that is refused is not counted, and nothing after it should be trusted. */
  add(bytes: Uint8Array): LeafVerdict {
    const leaf = decodeOrNot(bytes)
    if (leaf === undefined) return { ok: false, code: 'AUDIT_LEAF_INVALID' }
    if (leaf.seq !== this.size) return { ok: false, code: 'AUDIT_SEQ_WRONG' }
    if (leaf.mono < (this.#lastMonoByBoot.get(leaf.boot) ?? 0)) return { ok: false, code: 'AUDIT_MONO_BACKWARDS' }
    this.#lastMonoByBoot.set(leaf.boot, leaf.mono)
    const hash = leafHash(this.#sha256, bytes)
    this.#range = appendLeafHash(this.#sha256, this.#range, hash)
    return { ok: true, leaf, hash }
  }
}

function decodeOrNot(bytes: Uint8Array): AuditLeaf | undefined {
  try {
    return decodeLeaf(bytes)
  } catch {
    return undefined // decodeLeaf throws only to say that these bytes are not a leaf
  }
}
