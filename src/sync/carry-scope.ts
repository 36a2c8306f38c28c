/**
 * What an owner gives one carrier: the segments that some reader may see and that the carrier may bring it, and which of
 * them are for whom. Made from the same decisions as what a reader gets directly (scope.ts).
 */
import type { DeviceId } from '../model/ids.ts'
import type { Route } from '../model/manifest.ts'
import type { SeqRange } from '../model/segment.ts'
import { mayCarry } from '../policy/decide-carry.ts'
import type { ShareView } from '../policy/decide-share.ts'
import { intersectRuns, toRuns, unionRuns, NO_RUNS, type Runs } from './core/runs.ts'
import { requestFor, type ScopedLog, type ScopedRange, type ScopeSource } from './scope.ts'

export interface CarryScope {
  /** What the carrier may have now, cut wherever the part of a reader ends, so that the owner vouches for every such end. */
  readonly ranges: readonly ScopedRange[]
  readonly routes: readonly Route[]
}

export function carryScopeOf(source: ScopeSource, view: ShareView, owner: DeviceId, carrier: DeviceId): CarryScope {
  const readers = [...view.membership.members.keys()].filter((device) => device !== owner && device !== carrier).sort()
  const ranges: ScopedRange[] = []
  const routes: Route[] = []
  for (const log of source.logsOf(owner)) {
    const opened = readers.map((reader) => ({ reader, runs: openedTo(source, view, log, { carrier, reader }) }))
    if (opened.every(({ runs }) => runs.length === 0)) continue
    const { author, log: id, incarnation, rowId } = log
    const lastSeq = source.epochRanges(rowId).at(-1)?.to
    for (const { reader: device, runs } of opened) {
      for (const { from, to } of runs) {
        routes.push({ log: id, incarnation, device, from, to: to === lastSeq ? undefined : to })
      }
    }
    const all = opened.reduce((union, { runs }) => unionRuns(union, runs), NO_RUNS)
    const ends = opened.flatMap(({ runs }) => runs.map(({ to }) => to))
    for (const { from, to } of cutAt(intersectRuns(all, toRuns(source.runs(rowId))), ends)) {
      ranges.push({ author, log: id, incarnation, rowId, from, to, id: source.idAt(rowId, to) })
    }
  }
  return { ranges, routes }
}

/** Runs cut behind each of the places given. */
export function cutAt(runs: Runs, ends: Iterable<number>): readonly SeqRange[] {
  const sorted = [...new Set(ends)].sort((a, b) => a - b)
  return runs.flatMap(({ from, to }) => {
    const inside = sorted.filter((end) => end >= from && end < to)
    return [...inside, to].map((end, i) => ({ from: i === 0 ? from : (inside[i - 1] as number) + 1, to: end }))
  })
}

function openedTo(
  source: ScopeSource,
  view: ShareView,
  log: ScopedLog,
  { carrier, reader }: { readonly carrier: DeviceId; readonly reader: DeviceId },
): Runs {
  return toRuns(
    source.epochRanges(log.rowId).filter(({ epoch }) => {
      const request = requestFor(source, log, reader, epoch)
      return request !== undefined && mayCarry(view, { ...request, carrier })
    }),
  )
}
