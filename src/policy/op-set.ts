/** Sets of small numbers as bits: the causal past of 2,000 operations fits in half a megabyte. */
export type OpSet = Uint32Array

const WORD_BITS = 32

export function newOpSet(size: number): OpSet {
  return new Uint32Array(Math.ceil(size / WORD_BITS))
}

export function addToSet(set: OpSet, number: number): void {
  const word = Math.floor(number / WORD_BITS)
  set[word] = (set[word] as number) | (1 << (number % WORD_BITS))
}

export function setHas(set: OpSet, number: number): boolean {
  return (((set[Math.floor(number / WORD_BITS)] ?? 0) >>> (number % WORD_BITS)) & 1) === 1
}

/** Adds every number of `other` to `set`. Both were made for the same size. */
export function uniteInto(set: OpSet, other: OpSet): void {
  for (let word = 0; word < set.length; word++) set[word] = (set[word] as number) | (other[word] as number)
}

/** Whether some number is in each of `all` and not in `without`. */
export function meet(all: readonly OpSet[], without: OpSet): boolean {
  for (let word = 0; word < without.length; word++) {
    let bits = ~(without[word] as number)
    for (const set of all) bits &= set[word] as number
    if (bits !== 0) return true
  }
  return false
}
