/** Watching records as they come, as the main thread may ask for it: open, read as long as somebody listens, close. */
import type { SearchLane } from '../../query/search/condition.ts'
import { liveLines } from '../../query/search/live-lines.ts'
import { readSearchQuery } from '../../query/search/search-query.ts'
import type { Keeper } from './keeper.ts'
import { knowledgeOf, requireView } from './query-deps.ts'
import type { TailLane, TailNews } from './tail-hub.ts'

export function tailCalls(keeper: Keeper) {
  return {
    /** @returns the watcher's number */
    tailOpen(lane: SearchLane, fields: Readonly<Record<string, unknown>>): number {
      requireView(keeper, lane)
      const query = readSearchQuery(fields, lane, keeper.deps.clock.now())
      return keeper.tails.open(
        lane,
        liveLines(query, () => knowledgeOf(keeper)),
      )
    },
    /** Waits for news. The stage is asked each time: going down ends what it does not show. */
    async tailRead(id: number, lane: TailLane, signal?: AbortSignal): Promise<TailNews> {
      requireTailView(keeper, lane)
      const news = await keeper.tails.read(id, signal)
      requireTailView(keeper, lane)
      return news
    },
    tailClose: (id: number): void => keeper.tails.close(id),
  }
}

/** Documents are shown beside the traces they are about. */
function requireTailView(keeper: Keeper, lane: TailLane): void {
  requireView(keeper, lane)
  if (lane === 'documents') requireView(keeper, 'traces')
}
