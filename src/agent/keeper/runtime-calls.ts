/** What the store thread says of itself. */
import { watchThread } from '../../platform/watch-thread.ts'
import type { IntakeTurns } from './intake-turns.ts'

export function runtimeCalls(intake: Pick<IntakeTurns, 'counts'>) {
  return {
    async watchThread(forMs: number) {
      const before = intake.counts
      const watched = await watchThread(forMs)
      const { requests, turns } = intake.counts
      return { ...watched, requests: requests - before.requests, commits: turns - before.turns }
    },
  }
}
