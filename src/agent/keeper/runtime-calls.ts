/** What the store thread says of itself. */
import { watchThread } from '../../platform/watch-thread.ts'

export const runtimeCalls = {
  watchThread: (forMs: number) => watchThread(forMs),
}
