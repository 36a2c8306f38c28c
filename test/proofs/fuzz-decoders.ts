/**
 * Hostile bytes for everything that reads bytes from outside (fuzz-targets.ts): each answers or throws an error of its own, soon.
 * What leads to an answer or an error that was not seen before is a seed for more: so the bytes find their way into a decoder.
 */
import { concat } from '../../src/base/bytes.ts'
import { MeshError } from '../../src/base/errors.ts'
import { seeded, type Seeded } from '../support/seeded.ts'
import { FUZZ_TARGETS, type FuzzTarget } from './fuzz-targets.ts'
import type { ProofOptions, ProofResult } from './proof.ts'

export const what =
  'Whatever bytes come from outside, each decoder answers or throws an error with a stable code, within 50 ms for each of up to 16 KiB.'
export const cases = 5_000_000

/** Longest time of one reading, in milliseconds of the clock: a pause of the machine is tried again. */
const MAX_READING_MS = 50
const MAX_BYTES = 16_384
/** Changes made to one seed, at most. */
const MAX_CHANGES = 6
/** How deep answers are told apart. */
const MAX_SHAPE_DEPTH = 4
/** Seeds that were found, at most, for each decoder. */
const MAX_FOUND = 2_000
const PROGRESS_EVERY = 1_000_000
/** Lengths and numbers at the ends of what formats can say. */
const EXTREMES = [
  [0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x9b, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff],
  [0x5b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
  [0xbf, 0xff],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x7f, 0xff, 0xff, 0xff],
  [0, 0, 0, 0],
  [0x80],
].map((bytes) => Uint8Array.from(bytes))

// oxlint-disable-next-line typescript/require-await -- what a proof is to its runner may wait
export async function run({ seed, cases: wanted, onProgress }: ProofOptions): Promise<ProofResult> {
  const each = Math.ceil(wanted / FUZZ_TARGETS.length)
  const failures: string[] = []
  const facts: Record<string, number | string> = {}
  let done = 0
  for (const target of FUZZ_TARGETS) {
    const fuzz = new Fuzz(target, seed)
    for (let n = 0; n < each; n++) {
      fuzz.step()
      if (++done % PROGRESS_EVERY === 0) onProgress?.(done)
    }
    failures.push(...fuzz.failures)
    facts[target.name] = `${fuzz.outcomes} outcomes, ${fuzz.answered} answered`
  }
  return { cases: done, failures, facts }
}

/** What is there, and of which kind: two answers of one shape took the same way through a decoder. */
function shapeOf(value: unknown, depth: number): string {
  if (value === null || typeof value !== 'object') return isWord(value) ? value : typeof value
  if (depth === 0 || ArrayBuffer.isView(value)) return 'object'
  if (Array.isArray(value)) return `[${[...new Set(value.slice(0, 8).map((each) => shapeOf(each, depth - 1)))].join()}]`
  const fields = Object.entries(value).slice(0, 32)
  return `{${fields.map(([key, each]) => `${key.slice(0, 24)}:${shapeOf(each, depth - 1)}`).join()}}`
}

/** Codes and kinds, but not texts that are made up. */
function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Z][A-Z_]{3,40}$/.test(value)
}

/** One decoder under fire. */
export class Fuzz {
  readonly failures: string[] = []
  answered = 0
  readonly #target: FuzzTarget
  readonly #random: Seeded
  readonly #seeds: Uint8Array[]
  readonly #seen = new Set<string>()

  constructor(target: FuzzTarget, seed: number) {
    this.#target = target
    this.#random = seeded(seed)
    this.#seeds = [...target.seeds]
    if (this.#seeds.length === 0) throw new Error(`${target.name} has nothing to begin with`)
  }

  /** Kinds of answers and errors that were met. */
  get outcomes(): number {
    return this.#seen.size
  }

  step(): void {
    const bytes = this.#hostile()
    const outcome = this.#outcomeOf(bytes)
    if (this.#seen.has(outcome)) return
    this.#seen.add(outcome)
    if (this.#seeds.length < this.#target.seeds.length + MAX_FOUND) this.#seeds.push(bytes)
  }

  #outcomeOf(bytes: Uint8Array): string {
    const beganMs = performance.now()
    const outcome = this.#read(bytes)
    const tookMs = performance.now() - beganMs
    if (tookMs > MAX_READING_MS && this.#timeOf(bytes) > MAX_READING_MS)
      this.#fail(bytes, `took ${Math.round(tookMs)} ms`)
    return outcome
  }

  #read(bytes: Uint8Array): string {
    try {
      const answer = this.#target.read(bytes)
      this.answered++
      return shapeOf(answer, MAX_SHAPE_DEPTH)
    } catch (err) {
      // Errors of ours say where: the field, the limit.
      if (err instanceof MeshError)
        return `${err.code} ${err.message} ${JSON.stringify(err.details)}`.replaceAll(/\d+/g, '#')
      this.#fail(bytes, `threw ${String(err)}`)
      return String(err)
    }
  }

  #timeOf(bytes: Uint8Array): number {
    const beganMs = performance.now()
    this.#read(bytes)
    return performance.now() - beganMs
  }

  #fail(bytes: Uint8Array, how: string): void {
    this.failures.push(`${this.#target.name} ${how} for ${Buffer.from(bytes).toString('hex').slice(0, 400)}`)
  }

  #hostile(): Uint8Array {
    let bytes = this.#random.pick(this.#seeds)
    for (let left = 1 + this.#random.below(MAX_CHANGES); left > 0; left--) bytes = this.#changed(bytes)
    return bytes.slice(0, MAX_BYTES)
  }

  #changed(bytes: Uint8Array): Uint8Array {
    const random = this.#random
    const at = random.below(bytes.length + 1)
    const length = random.below(Math.min(64, bytes.length - at) + 1)
    const [before, middle, after] = [
      bytes.subarray(0, at),
      bytes.subarray(at, at + length),
      bytes.subarray(at + length),
    ]
    switch (random.below(9)) {
      case 0: {
        const flipped = bytes.slice()
        flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8))
        return flipped
      }
      case 1: {
        const set = bytes.slice()
        set[at] = random.below(256)
        return set
      }
      case 2:
        return concat(before, after)
      case 3:
        return concat(before, middle, middle, after)
      case 4:
        return before
      case 5:
        return concat(before, random.pick(EXTREMES), after)
      case 6:
        return concat(before, this.#piece(), after)
      case 7: {
        const counted = bytes.slice()
        counted[at] = (counted[at] ?? 0) + (random.next() < 0.5 ? 1 : -1)
        return counted
      }
      default:
        return concat(before, middle.toReversed(), after)
    }
  }

  /** Of another seed. */
  #piece(): Uint8Array {
    const other = this.#random.pick(this.#seeds)
    const from = this.#random.below(other.length + 1)
    return other.subarray(from, from + this.#random.below(128))
  }
}
