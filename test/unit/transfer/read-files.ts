/** Readers run over whole files, and what they found in words. */
import type { FileReader, Found } from '../../../src/transfer/found.ts'

/** Everything found, messages copied, the file given in pieces of `size` bytes. */
export function readFile(reader: FileReader, bytes: Uint8Array, size = 1 << 16): readonly Found[] {
  const found: Found[] = []
  const keep = (each: Found): void => {
    found.push(each.kind === 'message' ? { ...each, bytes: each.bytes.slice() } : each)
  }
  for (let at = 0; at < bytes.length; at += size)
    for (const each of reader.push(bytes.subarray(at, at + size))) keep(each)
  for (const each of reader.finish()) keep(each)
  return found
}

export function messagesOf(found: readonly Found[]): readonly Extract<Found, { kind: 'message' }>[] {
  return found.filter((each) => each.kind === 'message')
}

/** `place: code` of each thing left out, with its count if it is not one. */
export function problemsOf(found: readonly Found[]): readonly string[] {
  return found.flatMap((each) => {
    if (each.kind === 'message') return []
    const { place, problem, records } = each
    return [`${place.unit} ${place.at}: ${problem.code}${records === 1 ? '' : ` x${records}`}`]
  })
}
