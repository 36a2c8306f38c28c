/** What the process that may be stopped at any moment says of its work, one line of JSON each, as soon as it is done. */
import type { NumberedBatch } from '../support/numbered-records.ts'

export type WorkLine =
  /** The keeper is open; from here on everything that was acknowledged is checked. */
  | { readonly op: 'open'; readonly unixMs: number }
  | { readonly op: 'time'; readonly unixMs: number }
  /** A request is about to be made, or records of the other device are about to be received. */
  | { readonly op: 'sent'; readonly id: number; readonly batch: NumberedBatch }
  | { readonly op: 'kept'; readonly id: number }
  /** Records with numbers below this, and all that were there before the work, are about to be dropped; then they are. */
  | { readonly op: 'dropping' | 'dropped'; readonly below: number }
  | { readonly op: 'leaf'; readonly ref: string }
  | { readonly op: 'stage'; readonly to: string }
  | { readonly op: 'granted' | 'revoked'; readonly grantId: string }
  /** The other device may have this now: `log/seq id` of the newest segment of each log. */
  | { readonly op: 'served'; readonly heads: readonly string[] }
  | { readonly op: 'closed' }

export function readWorkLines(lines: readonly string[]): readonly WorkLine[] {
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as WorkLine)
}

/** Above all that were used. */
export function nextNumbers(lines: readonly WorkLine[]): { readonly id: number; readonly number: number } {
  const sent = lines.flatMap((line) => (line.op === 'sent' ? [line] : []))
  return {
    id: 1 + Math.max(0, ...sent.map(({ id }) => id)),
    number: 1 + Math.max(0, ...sent.map(({ batch }) => batch.first + batch.size)),
  }
}

/** Records with numbers below `mayBe` may be gone, those below `are` must be. */
export function goneBelow(lines: readonly WorkLine[]): { readonly mayBe: number; readonly are: number } {
  const highest = (op: 'dropping' | 'dropped'): number =>
    Math.max(0, ...lines.flatMap((line) => (line.op === op ? [line.below] : [])))
  return { mayBe: highest('dropping'), are: highest('dropped') }
}

/** On the device's own clock, when it said something last. */
export function lastTime(lines: readonly WorkLine[]): number | undefined {
  return lines.flatMap((line) => ('unixMs' in line ? [line.unixMs] : [])).at(-1)
}
