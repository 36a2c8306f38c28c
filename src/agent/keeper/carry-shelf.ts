/** Fits the table of what is carried to what the carrier's side of sync asks of it. */
import type { CarriedLog, CarryTable } from '../../store/carry-table.ts'
import type { CarryShelf } from '../../sync/carry-shelf.ts'
import { intersectRuns, NO_RUNS, subtractRuns, toRuns } from '../../sync/core/runs.ts'

/** @param onDropped something was deleted: its room can be given back */
export function carryShelf(table: CarryTable, onDropped: () => void): CarryShelf {
  /** What a log that is not here answers. */
  const ofLog = <T>(log: CarriedLog | undefined, read: (log: CarriedLog) => T, none: T): T =>
    log === undefined ? none : read(log)
  return {
    logs: () => table.all(),
    runs: (key) => ofLog(table.find(key), (log) => table.runs(log), NO_RUNS),
    dropped: (key) => table.find(key)?.dropped ?? NO_RUNS,
    headerAt(key, seq) {
      const log = table.find(key)
      const found = log && table.headerAt(log, seq)
      return found && { id: found.segmentId, header: found.header }
    },
    sealedAt: (key, seq) => ofLog(table.find(key), (log) => table.sealedAt(log, seq), undefined),
    headIn: (key, range) => ofLog(table.find(key), (log) => table.headIn(log, range), undefined),
    keep: (key, segments, heads) => table.keep(table.addLog(key), segments, heads),
    keepOnly(key, needed, done) {
      const log = table.find(key)
      if (log === undefined) return
      const gone = subtractRuns(toRuns(table.runs(log)), needed)
      const isEmpty = intersectRuns(toRuns(table.runs(log)), needed).length === 0 && done.length === 0
      if (isEmpty) table.dropLog(log)
      else if (gone.length > 0) table.drop(log, gone, done)
      if (isEmpty || gone.length > 0) onDropped()
    },
    due: (day) => [...table.due(day)].map(([log, runs]) => [log, toRuns(runs)] as const),
    useOf: (author) => table.useOf(author),
    ackedBy: (key, reader) => ofLog(table.find(key), (log) => table.ackedBy(log, reader), NO_RUNS),
    setAcked: (key, reader, runs) => ofLog(table.find(key), (log) => table.setAcked(log, reader, runs), undefined),
  }
}
