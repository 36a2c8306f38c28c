/** What was offered in a session, by log and end, so that only news is sent. */
import type { HeadRow } from '../wire/log-rows.ts'

export class OfferedRows {
  #offered: ReadonlyMap<string, string> = new Map()

  /** These are known on the other side. */
  set(rows: readonly HeadRow[]): void {
    this.#offered = new Map(rows.map((row) => [nameOf(row), endOf(row)]))
  }

  /**
   * What of it was not offered yet; from now on it was. A log is offered whole, every range of it: the reader's picture of
   * it is the last offer. What has left the scope is forgotten: should it come back, with a new grant, it is news.
   */
  news(rows: readonly HeadRow[]): readonly HeadRow[] {
    const changed = new Set(rows.filter((row) => this.#offered.get(nameOf(row)) !== endOf(row)).map(logOf))
    this.set(rows)
    return rows.filter((row) => changed.has(logOf(row)))
  }
}

function logOf({ author, log, incarnation }: HeadRow): string {
  return `${author}/${log}/${incarnation}`
}

function nameOf(row: HeadRow): string {
  return `${logOf(row)}/${row.from}`
}

function endOf({ to, id }: HeadRow): string {
  return `${to}/${id.join('.')}`
}
