/** Decodes a stored chunk, or says that it cannot be read: one bad chunk does not lose the answer. */
import { MeshError } from '../base/errors.ts'
import type { StoredChunk } from './trace-source.ts'

/** @returns undefined for bytes the decoder refuses; any other failure is a bug and passes through. */
export function decodeChunk<T>(
  chunk: StoredChunk,
  decode: (payload: Uint8Array) => readonly T[],
): readonly T[] | undefined {
  try {
    return decode(chunk.payload)
  } catch (err) {
    if (err instanceof MeshError) return undefined
    throw err
  }
}
