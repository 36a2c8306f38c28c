/** What imports and exports say. docs/spec/import-export.md. */

/** What became of one batch of an import. */
export interface ImportedView {
  /** Records, and for metrics their points. */
  readonly accepted: number
  /** Those that were malformed; the code and the words are the first reason's. */
  readonly rejected: { readonly count: number; readonly code: string; readonly message: string } | null
}

/** What an export says at its end. */
export interface ExportView {
  /** Spans, log records and metrics. */
  readonly records: number
  readonly messages: number
  readonly bytes: number
  /** Stored chunks left out because they are not what their device recorded, or cannot be read. */
  readonly tampered: number
  readonly unreadable: number
}
