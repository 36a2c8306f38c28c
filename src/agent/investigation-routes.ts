/** Routes of investigations: the list, one in full, and what a person changes in it. Rules: docs/spec/documents.md. */
import { utf8 } from '../base/bytes.ts'
import { hasUnseen } from '../base/unseen.ts'
import { isSpanId, isStatus, MAX_LABEL_BYTES, MAX_NOTE_BYTES, STATUSES } from '../model/investigation.ts'
import { jsonBody, type HttpAnswer, type HttpRequest, type Route } from './http-server.ts'
import type { InvestigationEdited, InvestigationList, InvestigationView } from './http-types/investigations.ts'
import type { Edit } from './keeper/investigations.ts'
import { bad, optionalText, textField } from './read-fields.ts'
import { timeoutOf } from './search-routes.ts'
import { followTail, type TailRouteDeps } from './tail-routes.ts'

/** Investigations in a list when the caller names no limit, and most of them. */
const DEFAULT_LIMIT = 50
const MAX_LIMIT = 1_000
/** Digits of the start of a note's id. */
const NOTE_ID = /^[0-9a-f]{4,16}$/i

type Fields = Readonly<Record<string, unknown>>

export function investigationRoutes({ keeper }: TailRouteDeps): readonly Route[] {
  const route = (method: Route['method'], path: string, handle: (request: HttpRequest) => Promise<HttpAnswer>): Route =>
    ({ method, path, capability: 'cli', handle }) as const
  const path = '/v1/investigations/:trace'
  return [
    route('GET', '/v1/investigations', async ({ query, signal }) => {
      const limits = { timeoutMs: timeoutOf(query) }
      const investigations = await keeper.callUntil(signal, 'investigations', limitOf(query), limits)
      return { json: { investigations } satisfies InvestigationList }
    }),
    route('GET', path, async ({ params, query, signal }) => {
      const limits = { timeoutMs: timeoutOf(query) }
      const view = await keeper.callUntil(signal, 'investigationShow', params['trace'] as string, limits)
      return { json: view satisfies InvestigationView }
    }),
    route('GET', `${path}/follow`, async ({ params, query, signal }) => {
      const limits = { timeoutMs: timeoutOf(query) }
      const id = await keeper.callUntil(signal, 'investigationFollow', params['trace'] as string, limits)
      return followTail(keeper, { id, lane: 'documents' })
    }),
    route('POST', path, async (request) => {
      const { params, query, signal } = request
      const edit = editField(jsonBody(request))
      const limits = { timeoutMs: timeoutOf(query) }
      const view = await keeper.callUntil(signal, 'investigationEdit', params['trace'] as string, edit, limits)
      return { json: view satisfies InvestigationEdited }
    }),
  ]
}

/** Undefined: the investigation is opened, and that is all. */
function editField(fields: Fields): Edit | undefined {
  const { about } = fields
  switch (about) {
    case undefined:
      return undefined
    case 'note':
      return noteField(fields)
    case 'status':
      if (!isStatus(fields['status'])) throw bad('status', `is one of ${STATUSES.join(', ')}`)
      return { about, status: fields['status'] }
    case 'label':
      return { about, label: labelField(fields), isSet: isSetField(fields) }
    case 'pin':
    case 'hide':
      if (!isSpanId(fields['spanId'])) throw bad('spanId', 'is 16 hex digits, not all zero')
      return { about, spanId: fields['spanId'], isSet: isSetField(fields) }
    default:
      throw bad('about', 'is one of note, status, label, pin, hide')
  }
}

function noteField(fields: Fields): Edit {
  const note = optionalText(fields, 'note', MAX_NOTE_BYTES)
  if (note !== undefined && !NOTE_ID.test(note)) throw bad('note', 'is 4 to 16 hex digits, of the id of a note')
  const text = optionalText(fields, 'text', MAX_NOTE_BYTES)?.toWellFormed().trim()
  if (text === '' || (text === undefined && note === undefined)) throw bad('text', 'says something')
  // What stands for a lone surrogate is longer than it was counted.
  if (text !== undefined && utf8(text).length > MAX_NOTE_BYTES) throw bad('text', `has at most ${MAX_NOTE_BYTES} bytes`)
  return { about: 'note', text: text ?? null, note }
}

/** Two labels that look alike are the same one. */
function labelField(fields: Fields): string {
  const label = textField(fields, 'label', MAX_LABEL_BYTES).trim()
  if (label === '' || hasUnseen(label)) throw bad('label', 'has characters, and none that is not seen')
  return label
}

function isSetField({ isSet = true }: Fields): boolean {
  if (typeof isSet !== 'boolean') throw bad('isSet', 'is true or false')
  return isSet
}

function limitOf(query: URLSearchParams): number {
  const limit = query.get('limit')
  return limit !== null && /^[0-9]{1,6}$/.test(limit) ? Math.min(Number(limit), MAX_LIMIT) : DEFAULT_LIMIT
}
