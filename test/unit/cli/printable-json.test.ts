import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printableJson } from '../../../src/cli/render/printable-json.ts'

test.each([
  ['C1', 'a\u009B31mb', '"a\\u009b31mb"'],
  ['DEL', '\u007F', '"\\u007f"'],
  ['direction overrides', '\u202Eabc', '"\\u202eabc"'],
  ['tags, which are two units', '\u{E0041}', '"\\udb40\\udc41"'],
  ['a line separator', '\u2028', '"\\u2028"'],
  ['what JSON escapes itself', '\u001B[2J', '"\\u001b[2J"'],
  ['nothing of a name in any script', 'Grüße, 東京 👋', '"Grüße, 東京 👋"'],
])('[CL4] %s', (_, text, want) => {
  expect(printableJson(text)).toBe(want)
})

test('[CL4] it is the same document', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(JSON.parse(printableJson({ text }))).toEqual({ text })
    }),
  )
})
