import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatTracestate,
  MAX_TRACESTATE_CHARS,
  MAX_TRACESTATE_MEMBERS,
  MAX_TRACESTATE_READ_CHARS,
  parseTracestate,
  withMember,
  withoutMember,
} from '../../../src/model/tracestate.ts'

const members = (count: number, value = '1') => Array.from({ length: count }, (_, n) => `k${n}=${value}`).join(',')
const keys = (text: string) => parseTracestate([text])?.map((member) => member.key)

describe('parseTracestate', () => {
  const cases: { name: string; text: string; want: string[] | undefined }[] = [
    { name: 'one entry', text: 'foo=1', want: ['foo'] },
    { name: 'order is kept', text: 'foo=1,bar=2', want: ['foo', 'bar'] },
    { name: 'spaces and tabs around entries', text: ' foo=1 \t,\t bar=2 ', want: ['foo', 'bar'] },
    { name: 'empty entries are allowed', text: 'foo=1,, ,bar=2,', want: ['foo', 'bar'] },
    { name: 'nothing at all', text: '', want: [] },
    { name: 'a key of every allowed character', text: 'a0_-*/@=1', want: ['a0_-*/@'] },
    { name: 'a key may begin with a digit', text: '0a=1', want: ['0a'] },
    { name: 'the longest key', text: `${'z'.repeat(256)}=1`, want: ['z'.repeat(256)] },
    { name: 'too long a key', text: `${'z'.repeat(257)}=1`, want: undefined },
    { name: 'a key in capitals', text: 'Foo=1', want: undefined },
    { name: 'a key that begins with a dash', text: '-foo=1', want: undefined },
    { name: 'a key with a blank', text: 'foo =1', want: undefined },
    { name: 'no key', text: '=1', want: undefined },
    { name: 'no equals sign', text: 'foo', want: undefined },
    { name: 'no value', text: 'foo=', want: undefined },
    { name: 'two equals signs', text: 'foo=1=2', want: undefined },
    { name: 'a value with inner blanks', text: 'foo=a b', want: ['foo'] },
    { name: 'the longest value', text: `foo=${'v'.repeat(256)}`, want: ['foo'] },
    { name: 'too long a value', text: `foo=${'v'.repeat(257)}`, want: undefined },
    { name: 'a value beyond ASCII', text: 'foo=é', want: undefined },
    { name: 'a value with a control character', text: 'foo=a\u0007', want: undefined },
    { name: 'a repeated key counts once, leftmost', text: 'foo=1,bar=2,foo=3', want: ['foo', 'bar'] },
    { name: 'as many entries as allowed', text: members(32), want: Array.from({ length: 32 }, (_, n) => `k${n}`) },
    { name: 'one entry too many', text: members(33), want: undefined },
    { name: 'one bad entry spoils the list', text: 'foo=1,Bar=2', want: undefined },
  ]
  test.each(cases)('[TC4] $name', ({ text, want }) => {
    expect(keys(text)).toEqual(want)
  })

  test('[TC4] a hostile run of blanks is refused or read in no time', () => {
    const text = `${' '.repeat(MAX_TRACESTATE_READ_CHARS - 5)}a=1 b`
    expect(parseTracestate([text])).toEqual([{ key: 'a', value: '1 b' }])
    expect(parseTracestate([` ${text}`])).toBeUndefined()
  })

  test('[TC4] any text is a list or nothing, and a list reads back as itself when sent', () => {
    const entry = fc.tuple(fc.stringMatching(/^[a-z0-9][a-z0-9_*/@-]{0,20}$/), fc.stringMatching(/^[!-+--<>-~]{1,20}$/))
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: ([key]) => key, maxLength: 12 }), (entries) => {
        const state = entries.map(([key, value]) => ({ key, value }))
        expect(parseTracestate([formatTracestate(state)])).toEqual(state)
      }),
    )
    fc.assert(
      fc.property(fc.string(), (text) => {
        const state = parseTracestate([text])
        expect(state === undefined || state.length <= MAX_TRACESTATE_MEMBERS).toBe(true)
      }),
    )
  })
})

describe('what is sent', () => {
  test('[TC4] long entries go first, then the oldest, and never half of one', () => {
    const long = `long=${'v'.repeat(200)}`
    const state = parseTracestate([`a=${'1'.repeat(100)},${long},b=${'2'.repeat(100)},c=${'3'.repeat(100)},d=4`]) ?? []
    expect(parseTracestate([formatTracestate(state)])?.map((member) => member.key)).toEqual(['a', 'b', 'c', 'd'])
    const many = parseTracestate([Array.from({ length: 32 }, (_, n) => `k${n}=${'v'.repeat(30)}`).join(',')]) ?? []
    const sent = formatTracestate(many)
    expect(sent.length).toBeLessThanOrEqual(MAX_TRACESTATE_CHARS)
    expect(sent.startsWith('k0=')).toBe(true)
    expect(parseTracestate([sent])?.length).toBeGreaterThan(10)
  })

  test('[TC4] our own entry is leftmost and alone under its key', () => {
    const state = withMember(parseTracestate(['a=1,b=2']) ?? [], { key: 'b', value: '3' })
    expect(formatTracestate(state)).toBe('b=3,a=1')
    expect(formatTracestate(withoutMember(state, 'a'))).toBe('b=3')
    expect(withMember(state, { key: 'B', value: '3' })).toBe(state)
    expect(withMember(parseTracestate([members(32)]) ?? [], { key: 'new', value: '1' })).toHaveLength(32)
  })
})
