import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromBase64, toBase64 } from '../../../src/audit/base64.ts'
import { utf8 } from '../../../src/base/bytes.ts'

// RFC 4648, section 10.
test.each([
  ['', ''],
  ['f', 'Zg=='],
  ['fo', 'Zm8='],
  ['foo', 'Zm9v'],
  ['foob', 'Zm9vYg=='],
  ['fooba', 'Zm9vYmE='],
  ['foobar', 'Zm9vYmFy'],
])('[AU4] "%s" is written "%s" and read back', (text, base64) => {
  expect(toBase64(utf8(text))).toBe(base64)
  expect(fromBase64(base64, text.length)).toEqual(utf8(text))
})

test('[AU4] any bytes survive', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(fromBase64(toBase64(bytes), bytes.length)).toEqual(bytes)
    }),
  )
})

test.each([
  ['without padding', 'Zg'],
  ['with bits set after the end', 'Zh=='],
  ['in the URL alphabet', '_w=='],
  ['with white space', 'Zg= '],
  ['with padding in front', '==Zg'],
  ['of another length', 'Zm8='],
  ['that is text', 'é==='],
])('[AU4] refuses base64 %s', (_, text) => {
  expect(fromBase64(text, 1)).toBeUndefined()
})
