import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concat } from '../../../src/base/bytes.ts'
import { jsonInSteps } from '../../../src/query/json-in-steps.ts'
import { finish } from '../../support/finish.ts'

const text = (value: object): string => new TextDecoder().decode(concat(...finish(jsonInSteps(value))))

test('[QU24] JSON made in steps is the JSON made at once', () => {
  const row = fc.dictionary(fc.string(), fc.jsonValue())
  const answer = fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), fc.array(row)))
  fc.assert(
    fc.property(answer, (value) => {
      expect(text(value)).toBe(JSON.stringify(value))
    }),
  )
})

test.each([0, 1, 511, 512, 513, 1025])('[QU24] a list of %i rows too, between other fields', (rows) => {
  const value = { a: 1, rows: Array.from({ length: rows }, (_, i) => ({ i })), last: [], z: null }
  expect(text(value)).toBe(JSON.stringify(value))
})
