import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_RECORDING_RULES, RECORDING_LEVELS } from '../../../src/model/recording.ts'
import { MAX_TOPIC_CHARS } from '../../../src/wire/bus-envelope.ts'
import { decodeAgentFrames, encodeFrames, MAX_HEADER_BYTES } from '../../../src/wire/bus-frames.ts'
import { readRecordingRules } from '../../../src/wire/bus-recording.ts'

const rulesOf = (count: number, topicChars = 4) =>
  Array.from({ length: count }, (_, i) => ({
    topic: String(i).padStart(topicChars, 'x'),
    level: 'debug' as const,
    sample: 1 / 3,
  }))

test('[BU16] as many rules as there may be are read and fit a header, one more is refused', () => {
  const rules = rulesOf(MAX_RECORDING_RULES, MAX_TOPIC_CHARS)
  expect(readRecordingRules(rules)).toEqual(rules)
  const frames = encodeFrames({ kind: 'recording', rules })
  expect(frames[0].length).toBeLessThan(MAX_HEADER_BYTES / 4)
  expect(decodeAgentFrames(frames)).toEqual({ message: { kind: 'recording', rules } })
  expect(readRecordingRules(rulesOf(MAX_RECORDING_RULES + 1))).toBeUndefined()
})

test('[BU16] a topic at its limit is read, one more character is refused', () => {
  expect(readRecordingRules([{ topic: 'x'.repeat(MAX_TOPIC_CHARS) }])).toHaveLength(1)
  expect(readRecordingRules([{ topic: 'x'.repeat(MAX_TOPIC_CHARS + 1) }])).toBeUndefined()
})

test('[BU16] [RD3] round trip, whatever is set', () => {
  const rule = fc.record(
    {
      topic: fc.stringMatching(/^[a-z./_-]{0,20}$/),
      level: fc.constantFrom(...RECORDING_LEVELS),
      sample: fc.double({ min: 0, max: 1, noNaN: true }).map((ratio) => ratio + 0), // JSON has no -0
    },
    { requiredKeys: ['topic'] },
  )
  const rules = fc.uniqueArray(rule, { maxLength: MAX_RECORDING_RULES, selector: ({ topic }) => topic })
  fc.assert(
    fc.property(rules, (given) => {
      expect(decodeAgentFrames(encodeFrames({ kind: 'recording', rules: given }))).toEqual({
        message: { kind: 'recording', rules: given },
      })
    }),
  )
})

test('[BU13] [BU16] hostile rules give rules or a refusal, never an exception', () => {
  const nearly = fc.record({ topic: fc.anything(), level: fc.anything(), sample: fc.anything() }, { requiredKeys: [] })
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.array(nearly)), (value) => {
      const rules = readRecordingRules(value)
      expect(rules && readRecordingRules(rules)).toEqual(rules)
    }),
  )
})
