/** Which format a file has, from its first bytes; never guessed: what could be none, or two, is for the person to say. */
import { tellFraming } from '../wire/otlp/framing.ts'
import type { FileFormat } from './file-format.ts'
import { JsonDocuments } from './json-documents.ts'

/** First bytes of a file that are looked at: the name of the list of records comes long before. */
export const TELL_FORMAT_BYTES = 65_536

/** A log file is never told: any other file would be one. */
export function tellFormat(start: Uint8Array): Exclude<FileFormat, 'text'> | undefined {
  return tellJson(start) ?? (tellFraming(start) === undefined ? undefined : 'otlp-protobuf')
}

function tellJson(start: Uint8Array): 'otlp-json' | 'jaeger' | undefined {
  const documents = new JsonDocuments()
  for (const part of documents.push(start)) {
    // What comes after the first that does not fit is another document, or none.
    if (part.kind === 'problem' && documents.list === undefined) return undefined
    if (documents.list !== undefined) break
  }
  if (documents.list === undefined) return undefined
  return documents.list === 'data' ? 'jaeger' : 'otlp-json'
}
