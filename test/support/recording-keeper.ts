/** A keeper that answers every call with nothing and remembers it: for routes, of which only what they ask matters. */
import type { KeeperClient } from '../../src/agent/keeper-client.ts'

export class RecordingKeeper {
  readonly asked: unknown[] = []
  readonly keeper = {
    call: async (...call: readonly unknown[]) => {
      this.asked.push(call)
      return {}
    },
  } as unknown as Pick<KeeperClient, 'call'>
}
