import { describe, expect, test } from 'vitest'
import { callRoute } from '../../../src/agent/http-server.ts'
import { investigationRoutes } from '../../../src/agent/investigation-routes.ts'
import { MAX_LABEL_BYTES, MAX_NOTE_BYTES } from '../../../src/model/investigation.ts'

/** What the store thread was asked, without the signal. */
async function asked(method: 'GET' | 'POST', path: string, body?: unknown) {
  const calls: unknown[] = []
  const keeper = {
    async callUntil(_signal: unknown, ...call: readonly unknown[]) {
      calls.push(call)
      return {}
    },
  }
  const { status, json } = await callRoute(investigationRoutes({ keeper: keeper as never }), { method, path, body })
  return { status, json, calls }
}
const NO_TIME = { timeoutMs: undefined }
const TRACE = '/v1/investigations/0af7'
const SPAN = 'b7ad6b7169203331'

describe('what may be asked', () => {
  test.each([
    { name: 'the list', path: '/v1/investigations', asks: ['investigations', 50, NO_TIME] },
    { name: 'a short list', path: '/v1/investigations?limit=3', asks: ['investigations', 3, NO_TIME] },
    { name: 'a list of all', path: '/v1/investigations?limit=999999', asks: ['investigations', 1_000, NO_TIME] },
    { name: 'one', path: `${TRACE}?timeoutMs=900`, asks: ['investigationShow', '0af7', { timeoutMs: 900 }] },
  ])('[DO30] $name', async ({ path, asks }) => {
    expect(await asked('GET', path)).toMatchObject({ status: 200, calls: [asks] })
  })

  test.each([
    { name: 'opening', body: {}, edit: undefined },
    { name: 'a note', body: { about: 'note', text: ' dark\nroom ' }, edit: { about: 'note', text: 'dark\nroom' } },
    {
      name: 'a note in place of another',
      body: { about: 'note', text: 'dark', note: '3FA9' },
      edit: { about: 'note', text: 'dark', note: '3FA9' },
    },
    {
      name: 'a note taken back',
      body: { about: 'note', note: '3fa9' },
      edit: { about: 'note', text: null, note: '3fa9' },
    },
    { name: 'a status', body: { about: 'status', status: 'solved' }, edit: { about: 'status', status: 'solved' } },
    {
      name: 'a label',
      body: { about: 'label', label: ' slow ' },
      edit: { about: 'label', label: 'slow', isSet: true },
    },
    { name: 'a pin', body: { about: 'pin', spanId: SPAN }, edit: { about: 'pin', spanId: SPAN, isSet: true } },
    {
      name: 'a span shown again',
      body: { about: 'hide', spanId: SPAN, isSet: false },
      edit: { about: 'hide', spanId: SPAN, isSet: false },
    },
  ])('[DO30] $name', async ({ body, edit }) => {
    expect(await asked('POST', TRACE, body)).toMatchObject({
      status: 200,
      calls: [['investigationEdit', '0af7', edit, NO_TIME]],
    })
  })
})

describe('what is refused before the store is asked', () => {
  test.each([
    { field: 'about', body: { about: 'vote' } },
    { field: 'text', body: { about: 'note' } },
    { field: 'text', body: { about: 'note', text: ' \n ' } },
    { field: 'text', body: { about: 'note', text: 'x'.repeat(MAX_NOTE_BYTES + 1) } },
    { field: 'text', body: { about: 'note', text: 7 } },
    { field: 'note', body: { about: 'note', text: 'x', note: 'abc' } },
    { field: 'note', body: { about: 'note', text: 'x', note: 'not hex' } },
    { field: 'status', body: { about: 'status', status: 'burnt' } },
    { field: 'label', body: { about: 'label', label: '  ' } },
    { field: 'label', body: { about: 'label', label: 'x'.repeat(MAX_LABEL_BYTES + 1) } },
    { field: 'label', body: { about: 'label', label: 'slow\u200b' } },
    { field: 'label', body: { about: 'label', label: 'two\nlines' } },
    { field: 'isSet', body: { about: 'label', label: 'slow', isSet: 1 } },
    { field: 'spanId', body: { about: 'pin', spanId: 'b7ad' } },
    { field: 'spanId', body: { about: 'hide', spanId: SPAN.toUpperCase() } },
  ])('[DO24] [DO30] $field: $body', async ({ field, body }) => {
    const { status, json, calls } = await asked('POST', TRACE, body)
    expect([status, calls]).toEqual([400, []])
    expect(json).toMatchObject({ error: { code: 'HTTP_BAD_FIELD', details: { field } } })
  })
})
