import { describe, expect, test } from 'vitest'
import { isSampleRatio, ruleOf, type RecordingRule } from '../../../src/model/recording.ts'

const rule = (topic: string, level?: RecordingRule['level'], sample?: number): RecordingRule => ({
  topic,
  ...(level !== undefined && { level }),
  ...(sample !== undefined && { sample }),
})
const all = rule('', 'info', 0.5)
const talk = rule('conversation/', 'debug')
const turn = rule('conversation/turn', undefined, 1)
const rules = [turn, all, talk]

describe('which rule counts', () => {
  const cases = [
    { name: 'no rules: none', rules: [], topic: 'a', level: undefined, sample: undefined },
    { name: 'a topic of its own prefix', rules, topic: 'conversation/heard', level: talk, sample: all },
    { name: 'the longest prefix, each on its own', rules, topic: 'conversation/turn', level: talk, sample: turn },
    { name: 'a prefix is compared letter for letter', rules, topic: 'conversation/turns', level: talk, sample: turn },
    { name: 'half a prefix does not fit', rules, topic: 'conversation', level: all, sample: all },
    { name: 'another case of letters does not fit', rules, topic: 'Conversation/turn', level: all, sample: all },
    { name: 'what has no topic is under the rule of everything', rules, topic: undefined, level: all, sample: all },
    {
      name: 'without that rule it is under none',
      rules: [talk],
      topic: undefined,
      level: undefined,
      sample: undefined,
    },
    { name: 'another topic is under none', rules: [talk, turn], topic: 'a', level: undefined, sample: undefined },
  ]
  test.each(cases)('[RD4] $name', ({ rules: given, topic, level, sample }) => {
    expect(ruleOf(given, topic, 'level')).toBe(level)
    expect(ruleOf(given, topic, 'sample')).toBe(sample)
    expect(ruleOf(given.toReversed(), topic, 'level')).toBe(level)
  })
})

test.each([
  { value: 0, is: true },
  { value: 1, is: true },
  { value: 0.25, is: true },
  { value: -0.1, is: false },
  { value: 1.01, is: false },
  { value: Number.NaN, is: false },
  { value: '0.5', is: false },
])('[RD3] a ratio is a number from 0 to 1: $value', ({ value, is }) => {
  expect(isSampleRatio(value)).toBe(is)
})
