import { expect, test } from 'vitest'
import { countMessage, MAX_COUNTED_FIELDS } from '../../../../src/wire/otlp/count-message.ts'
import { logs, manySpans, metrics } from '../../../support/otlp-records.ts'

test('[PL15] records are counted by their framing, metrics by their points', () => {
  expect(countMessage('logs', logs('a', 9, 9, 9))).toBe(3)
  expect(countMessage('traces', Uint8Array.of(...manySpans('a', 1, 1, 4), ...manySpans('b', 2, 1, 5)))).toBe(9)
  expect(countMessage('metrics', metrics('a', 7))).toBe(7)
})

test('[PL15] of a message that is broken, as many as were met, and one at least', () => {
  const whole = logs('a', 9, 9, 9)
  for (let end = 0; end < whole.length; end++) {
    const count = countMessage('logs', whole.subarray(0, end))
    expect(count, `cut at ${end}`).toBeGreaterThanOrEqual(1)
    expect(count, `cut at ${end}`).toBeLessThanOrEqual(3)
  }
})

test('[PL15] of hostile ones no more fields are looked at than a message may have', () => {
  const scope = new Uint8Array(20 * MAX_COUNTED_FIELDS).map((_, i) => (i % 2 === 0 ? 0x12 : 0))
  const frame = (tag: number, content: Uint8Array): Uint8Array => {
    const length = content.length
    const bytes = new Uint8Array(4 + length)
    bytes.set([tag, (length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14])
    bytes.set(content, 4)
    return bytes
  }
  const count = countMessage('logs', frame(0x0a, frame(0x12, scope)))
  expect(count).toBeGreaterThan(MAX_COUNTED_FIELDS - 3)
  expect(count).toBeLessThanOrEqual(MAX_COUNTED_FIELDS)
})
