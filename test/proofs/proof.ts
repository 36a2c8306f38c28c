/** What a proof is to its runner (scripts/prove.ts), and to the tests that run a small part of one. */
export interface ProofOptions {
  readonly seed: number
  /** Cases to try: cuts, kills, flipped bytes. */
  readonly cases: number
  /** Told now and then how far it is. */
  readonly onProgress?: (done: number) => void
}
export interface ProofResult {
  readonly cases: number
  /** One line each; empty when it holds. */
  readonly failures: readonly string[]
  /** What was counted on the way. */
  readonly facts: Readonly<Record<string, number | string>>
}
export interface Proof {
  /** What is proven, in one sentence. */
  readonly what: string
  /** How many cases the committed result is made of. */
  readonly cases: number
  run(options: ProofOptions): Promise<ProofResult>
}
