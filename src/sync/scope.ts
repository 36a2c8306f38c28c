/**
 * What one owner would serve one reader now, as contiguous ranges of its logs. Owner and reader run the same code, the
 * owner over what it has and the reader over what it holds, so equal digests mean there is nothing to send.
 */
import type { DeviceId } from '../model/ids.ts'
import type { Lane } from '../model/lane.ts'
import type { LogDescription, LogKey, SeqRange } from '../model/segment.ts'
import { decideShare, type ShareRequest, type ShareView } from '../policy/decide-share.ts'
import { intersectRuns, toRuns, type Runs } from './core/runs.ts'

export interface ScopedLog extends LogDescription {
  readonly rowId: number
}
export interface ScopedRange extends LogKey, SeqRange {
  readonly rowId: number
  /** Id of the segment at `to`. */
  readonly id: Uint8Array
}
/** What the scope needs of the store. */
export interface ScopeSource {
  logsOf(author: DeviceId): readonly ScopedLog[]
  epochRanges(rowId: number): readonly { readonly epoch: number; readonly from: number; readonly to: number }[]
  runs(rowId: number): readonly SeqRange[]
  epochStartedUnixMs(author: DeviceId, lane: Lane, epoch: number): number | undefined
  idAt(rowId: number, seq: number): Uint8Array
}

export function scopeOf(
  source: ScopeSource,
  view: ShareView,
  owner: DeviceId,
  recipient: DeviceId,
): readonly ScopedRange[] {
  return source.logsOf(owner).flatMap((log) => {
    const opened = source
      .epochRanges(log.rowId)
      .filter(({ epoch }) => isShared(view, requestFor(source, log, recipient, epoch)))
    const held: Runs = opened.length === 0 ? [] : intersectRuns(toRuns(opened), toRuns(source.runs(log.rowId)))
    const { author, log: id, incarnation, rowId } = log
    return held.map(({ from, to }) => ({
      author,
      log: id,
      incarnation,
      rowId,
      from,
      to,
      id: source.idAt(rowId, to),
    }))
  })
}

/** The question to ask of a log's segments in one epoch; undefined when nothing is known of the epoch. */
export function requestFor(
  source: Pick<ScopeSource, 'epochStartedUnixMs'>,
  { author, lane, module, part }: ScopedLog,
  recipient: DeviceId,
  epoch: number,
): ShareRequest | undefined {
  const epochStartedUnixMs = source.epochStartedUnixMs(author, lane, epoch)
  return epochStartedUnixMs === undefined
    ? undefined
    : { owner: author, recipient, lane, module, part, epochStartedUnixMs }
}

function isShared(view: ShareView, request: ShareRequest | undefined): boolean {
  return request !== undefined && decideShare(view, request).effect === 'allow'
}
