import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_CONDITIONS, type SearchLane } from '../../../../src/query/search/condition.ts'
import { MAX_LIST_LIMIT, readSearchQuery } from '../../../../src/query/search/search-query.ts'
import { SearchError } from '../../../../src/query/search/search-error.ts'

type Fields = Readonly<Record<string, unknown>>

function problemOf(fields: Fields, lane: SearchLane = 'traces'): SearchError {
  try {
    readSearchQuery(fields, lane, 0)
  } catch (err) {
    expect(err).toBeInstanceOf(SearchError)
    return err as SearchError
  }
  throw new Error('this was read')
}

const manyConditions = (count: number) => Array.from({ length: count }, () => ({ attribute: 'a', op: 'exists' }))

describe('the JSON form of a query', () => {
  test('[SQ1] without members it asks for everything, newest first', () => {
    expect(readSearchQuery({}, 'traces', 0)).toEqual({
      lane: 'traces',
      conditions: [],
      withOtlp: false,
      fromUnixNano: undefined,
      toUnixNano: undefined,
      sort: 'newest',
      limit: undefined,
      cursor: undefined,
    })
  })

  test('[SQ1] says the same as the text', () => {
    const where = [
      { field: 'service', op: '=', value: 'shop' },
      { field: 'duration', op: '>', value: '200ms' },
      { attribute: 'code', op: '>=', value: 500 },
      { attribute: 'name', op: 'missing' },
      { field: 'text', op: '=', value: 'connection refused' },
    ]
    const filter = 'service=shop duration>200ms code>=500 .name!=* "connection refused"'
    expect(readSearchQuery({ where }, 'traces', 0)).toEqual(readSearchQuery({ filter }, 'traces', 0))
  })

  test('[SQ1] JSON keeps its types: a text is no number', () => {
    const { conditions } = readSearchQuery({ where: [{ attribute: 'a', op: '=', value: '200' }] }, 'traces', 0)
    expect(conditions[0]?.test).toMatchObject({ value: { value: { type: 'string', text: '200' } } })
  })

  test('[SQ1] text and JSON add up, and the narrower range counts', () => {
    const query = readSearchQuery(
      {
        filter: 'a=1 time>=1970-01-02 time<1970-01-04',
        where: [{ field: 'status', op: '=', value: 'ok' }],
        sinceUnixMs: 1,
        untilUnixMs: 2 * 86_400_000,
        sort: 'spans',
        limit: 7,
        cursor: 'c',
      },
      'traces',
      0,
    )
    expect(query).toMatchObject({ sort: 'spans', limit: 7, cursor: 'c' })
    expect(query.conditions).toHaveLength(2)
    expect([query.fromUnixNano, query.toUnixNano]).toEqual([86_400_000_000_000n, 172_800_000_000_000n])
  })

  const wrong: readonly { name: string; fields: Fields; field: string; lane?: SearchLane }[] = [
    { name: 'a member nobody knows', fields: { filters: '' }, field: 'query' },
    { name: 'a filter that is no text', fields: { filter: 7 }, field: 'filter' },
    { name: 'a list that is none', fields: { where: {} }, field: 'where' },
    {
      name: 'too many conditions',
      fields: { where: manyConditions(MAX_CONDITIONS + 1) },
      field: 'where',
    },
    {
      name: 'too many conditions together',
      fields: { filter: 'a=1', where: manyConditions(MAX_CONDITIONS) },
      field: 'where',
    },
    { name: 'a condition that is none', fields: { where: [null] }, field: 'where[0]' },
    { name: 'a condition on nothing', fields: { where: [{ op: '=', value: 1 }] }, field: 'where[0]' },
    {
      name: 'a condition on two things',
      fields: { where: [{ field: 'name', attribute: 'a', op: '=', value: 'x' }] },
      field: 'where[0]',
    },
    {
      name: 'an operator nobody knows',
      fields: { where: [{ attribute: 'a', op: '==', value: 1 }] },
      field: 'where[0].op',
    },
    {
      name: 'a value that is a list',
      fields: { where: [{ attribute: 'a', op: '=', value: [1] }] },
      field: 'where[0].value',
    },
    { name: 'no value', fields: { where: [{ attribute: 'a', op: '=' }] }, field: 'where[0].value' },
    {
      name: 'a value where there is none',
      fields: { where: [{ attribute: 'a', op: 'exists', value: 1 }] },
      field: 'where[0].value',
    },
    {
      name: 'a duration as a number',
      fields: { where: [{ field: 'duration', op: '>', value: 5 }] },
      field: 'where[0].value',
    },
    {
      name: 'a field of the other lane',
      fields: { where: [{ field: 'severity', op: '=', value: 'warn' }] },
      field: 'where[0].field',
    },
    {
      name: 'a field with a prototype’s name',
      fields: { where: [{ field: 'constructor', op: '>', value: 'x' }] },
      field: 'where[0].value',
    },
    { name: 'a time before 1970', fields: { sinceUnixMs: -1 }, field: 'sinceUnixMs' },
    { name: 'a time beyond what is stored', fields: { untilUnixMs: 9_223_372_036_855 }, field: 'untilUnixMs' },
    { name: 'a limit of nothing', fields: { limit: 0 }, field: 'limit' },
    { name: 'a limit beyond the largest', fields: { limit: MAX_LIST_LIMIT + 1 }, field: 'limit' },
    { name: 'a sort nobody knows', fields: { sort: 'name' }, field: 'sort' },
    { name: 'log records by duration', fields: { sort: 'duration' }, field: 'sort', lane: 'logs' },
    { name: 'a cursor as long as a book', fields: { cursor: 'x'.repeat(513) }, field: 'cursor' },
  ]
  test.each(wrong)('[SQ5] $name is refused by the name of its member', ({ fields, field, lane }) => {
    const { code, details } = problemOf(fields, lane)
    expect([code, details['field']]).toEqual(['SEARCH_QUERY', field])
  })

  test('[SQ5] any JSON is read or refused', () => {
    const where = fc.array(
      fc.oneof(
        fc.jsonValue(),
        fc.record({
          field: fc.constantFrom('name', 'text', 'trace', 'x'),
          op: fc.constantFrom('=', '~', 'exists', '<'),
          value: fc.jsonValue(),
        }),
      ),
    )
    fc.assert(
      fc.property(
        fc.record({ where: fc.oneof(where, fc.jsonValue()), limit: fc.jsonValue() }, { requiredKeys: [] }),
        (fields) => {
          try {
            readSearchQuery(fields, 'traces', 0)
          } catch (err) {
            expect(err).toBeInstanceOf(SearchError)
          }
        },
      ),
    )
  })
})
