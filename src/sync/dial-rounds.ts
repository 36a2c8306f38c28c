/**
 * The order in which the addresses of a device are dialled: a few at a time, so that addresses that swallow a dial do not
 * use up the time of those behind them (docs/spec/session.md SE19).
 */
import { chunksOf } from './chunks-of.ts'

/** Addresses tried in one round: though none of them answers, each has had its time (`ADDRESS_TIMEOUT_MS`) before the round is over. */
export const ADDRESSES_PER_ROUND = 3
/** Time one round may take, in milliseconds. */
export const ROUND_TIMEOUT_MS = 10_000

/**
 * Every address once: first where the device said itself that it is, then what others said, the first few of each before
 * the second few of any. There is always a round, so that a device without addresses fails as one.
 */
export function dialRounds(
  own: readonly string[],
  hinted: readonly (readonly string[])[],
): readonly (readonly string[])[] {
  const seen = new Set<string>()
  const roundsOf = (list: readonly string[]): readonly (readonly string[])[] => {
    const fresh = list.filter((address) => !seen.has(address))
    for (const address of fresh) seen.add(address)
    return chunksOf([...new Set(fresh)], ADDRESSES_PER_ROUND)
  }
  const first = roundsOf(own)
  const others = hinted.map(roundsOf)
  const depth = Math.max(0, ...others.map(({ length }) => length))
  const turns = Array.from({ length: depth }, (_, turn) => others.flatMap((rounds) => rounds.slice(turn, turn + 1)))
  const rounds = [...first, ...turns.flat()]
  return rounds.length === 0 ? [[]] : rounds
}
