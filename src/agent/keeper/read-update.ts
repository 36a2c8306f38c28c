/** One update of an investigation, judged by itself: what it says, or the code of why it is refused. */
import { codeOf } from '../../base/errors.ts'
import { decodeDocumentRecords, KIND_INVESTIGATION, type DocumentRecord } from '../../wire/documents/document-record.ts'
import { decodeEntries, type ReadUpdate } from '../../wire/documents/entry-update.ts'
import { UpdateError } from '../../wire/documents/update-error.ts'

export function readUpdate({ update }: DocumentRecord): ReadUpdate | string {
  try {
    return decodeEntries(update)
  } catch (err) {
    if (err instanceof UpdateError) return codeOf(err)
    throw err
  }
}

/** Codes of what is refused of a payload that decodes. */
export function refusalsIn(payload: Uint8Array): readonly string[] {
  return decodeDocumentRecords(payload)
    .filter(({ kind }) => kind === KIND_INVESTIGATION)
    .map(readUpdate)
    .filter((read) => typeof read === 'string')
}
