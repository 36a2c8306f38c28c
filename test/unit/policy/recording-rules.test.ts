import { describe, expect, test } from 'vitest'
import { MAX_RECORDING_RULES, type RecordingRule } from '../../../src/model/recording.ts'
import { ruleWords, setRule, withoutRule } from '../../../src/policy/recording-rules.ts'

const all: RecordingRule = { topic: '', level: 'info' }
const talk: RecordingRule = { topic: 'conversation/', level: 'debug', sample: 0.1 }

describe('setting a rule', () => {
  const cases: { name: string; rules: RecordingRule[]; rule: RecordingRule; want: RecordingRule[] }[] = [
    { name: 'the first one', rules: [], rule: talk, want: [talk] },
    { name: 'another, in the order of topics', rules: [talk], rule: all, want: [all, talk] },
    {
      name: 'a level in place of a level',
      rules: [all],
      rule: { topic: '', level: 'warn' },
      want: [{ topic: '', level: 'warn' }],
    },
    {
      name: 'a ratio, and the level stays',
      rules: [all, talk],
      rule: { topic: '', sample: 0 },
      want: [{ topic: '', level: 'info', sample: 0 }, talk],
    },
  ]
  test.each(cases)('[RD3] $name', ({ rules, rule, want }) => {
    expect(setRule(rules, rule)).toEqual(want)
  })

  test('[RD3] as many as there may be, and changing one of them', () => {
    const rules = Array.from({ length: MAX_RECORDING_RULES - 1 }, (_, i) => ({ topic: `t${i}`, sample: 0.5 }))
    const full = setRule(rules, all) ?? []
    expect(full).toHaveLength(MAX_RECORDING_RULES)
    expect(setRule(full, talk)).toBeUndefined()
    expect(setRule(full, { topic: 't0', level: 'warn' })).toHaveLength(MAX_RECORDING_RULES)
  })

  test('[RD3] taking one away, or all', () => {
    expect(withoutRule([all, talk], '')).toEqual([talk])
    expect(withoutRule([all, talk], 'a')).toEqual([all, talk])
    expect(withoutRule([all, talk], undefined)).toEqual([])
  })
})

test.each([
  { rules: [], topic: '', words: 'no rule' },
  { rules: [], topic: undefined, words: 'no rule' },
  { rules: [all, talk], topic: '', words: 'level info' },
  { rules: [all, talk], topic: 'conversation/', words: 'level debug, sample 0.1' },
  { rules: [{ topic: 'a', sample: 0 }], topic: 'a', words: 'sample 0' },
  { rules: [all], topic: undefined, words: 'one rule' },
  { rules: [all, talk], topic: undefined, words: '2 rules' },
])('[RD6] the audit log says: $words', ({ rules, topic, words }) => {
  expect(ruleWords(rules, topic)).toBe(words)
})
