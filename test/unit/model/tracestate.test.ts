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

const members = (count: number) => Array.from({ length: count }, (_, n) => `k${n}=1`).join(',')

describe('parseTracestate', () => {
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
