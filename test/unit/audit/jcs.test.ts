import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  canonicalBytes,
  canonicalJson,
  MAX_JSON_DEPTH,
  parseCanonical,
  type JsonValue,
} from '../../../src/audit/jcs.ts'
import { utf8 } from '../../../src/base/bytes.ts'
import { codeOf } from '../../../src/base/errors.ts'

// Cases of RFC 8785 itself: section 3.2.2 (escapes), 3.2.3 (sorting), appendix B (numbers).
describe('RFC 8785', () => {
  test.each([
    ['white space goes and members are sorted', '{ "b" : [ 1 , 2 ] , "a" : { } }', '{"a":{},"b":[1,2]}'],
    [
      'members are sorted by UTF-16 code units',
      '{"\\u20ac":1,"\\r":2,"1":3,"\\ud83d\\ude00":4,"\\ufb33":5}',
      '{"\\r":2,"1":3,"€":1,"😀":4,"\ufb33":5}',
    ],
    ['digits as names are sorted as text', '{"2":0,"10":0,"1":0}', '{"1":0,"10":0,"2":0}'],
    [
      'only what must be escaped is',
      '"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/"',
      '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"',
    ],
    ['short escapes are used', '"\\u0008\\u0009\\u000a\\u000c\\u000d\\u007f"', '"\\b\\t\\n\\f\\r\u007f"'],
    ['a decomposed letter stays decomposed', '"A\\u030a"', '"A\u030a"'],
    ['a member named __proto__ is a member', '{"b":1,"__proto__":2}', '{"__proto__":2,"b":1}'],
    ['literals', '[null,true,false]', '[null,true,false]'],
  ])('[AU2] %s', (_, input, output) => {
    expect(canonicalJson(JSON.parse(input) as JsonValue)).toBe(output)
  })

  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555555', '333333333.3333333'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
  ])('[AU2] the double %s is written %s', (bits, text) => {
    const view = new DataView(new ArrayBuffer(8))
    view.setBigUint64(0, BigInt(`0x${bits}`))
    expect(canonicalJson(view.getFloat64(0))).toBe(text)
  })
})

const vectors = join(import.meta.dirname, '../../../../shared/data/jcs')
describe.skipIf(!existsSync(vectors))('the vectors of the RFC author (skipped where ../shared/data is absent)', () => {
  const names = existsSync(vectors) ? readdirSync(join(vectors, 'input')) : []
  test('there are six', () => expect(names).toHaveLength(6))
  test.each(names)('[AU2] %s', (name) => {
    const input = JSON.parse(readFileSync(join(vectors, 'input', name), 'utf8')) as JsonValue
    expect(canonicalJson(input)).toBe(readFileSync(join(vectors, 'output', name), 'utf8'))
  })
})

describe('what is not JSON', () => {
  const nested = (depth: number): JsonValue => (depth === 0 ? 1 : [nested(depth - 1)])
  const refusal = (value: unknown) => {
    try {
      return canonicalJson(value as JsonValue)
    } catch (err) {
      return codeOf(err)
    }
  }

  test.each<[string, unknown]>([
    ['NaN', Number.NaN],
    ['an infinity', [Number.POSITIVE_INFINITY]],
    ['undefined', undefined],
    ['a hole in a list', Array.from({ length: 2 })],
    ['a bigint', 1n],
    ['a function', { f: () => 1 }],
    ['a date', new Date(0)],
    ['bytes', new Uint8Array(2)],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a name', { '\udfff': 1 }],
    ['nesting one level too deep', nested(MAX_JSON_DEPTH + 1)],
  ])('[AU2] %s is refused', (_, value) => {
    expect(refusal(value)).toBe('AUDIT_JSON_INVALID')
  })

  test('[AU2] the deepest nesting allowed is written', () => {
    expect(refusal(nested(MAX_JSON_DEPTH))).toBe('['.repeat(MAX_JSON_DEPTH) + '1' + ']'.repeat(MAX_JSON_DEPTH))
  })

  test('[AU2] a member that is undefined is left out', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}')
  })
})

describe('reading canonical bytes', () => {
  test('[AU3] reads back what was written, and only that', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }), (value) => {
        const json = JSON.parse(JSON.stringify(value)) as JsonValue
        expect(parseCanonical(canonicalBytes(json))).toEqual(json)
      }),
    )
  })

  test.each([
    ['white space', '{"a": 1}'],
    ['unsorted members', '{"b":1,"a":1}'],
    ['a duplicate member', '{"a":1,"a":1}'],
    ['a needless escape', '"\\u0041"'],
    ['an escaped slash', '"\\/"'],
    ['another way to write a number', '[1.0]'],
    ['an exponent', '[1e2]'],
    ['minus zero', '[-0]'],
    ['a byte order mark', '\ufeff{}'],
    ['trailing text', '{}x'],
    ['nothing', ''],
    ['a huge number', '[1e999]'],
  ])('[AU3] refuses %s', (_, text) => {
    expect(parseCanonical(utf8(text))).toBeUndefined()
  })

  test('[AU3] refuses bytes that are not UTF-8', () => {
    expect(parseCanonical(Uint8Array.of(0x22, 0xc3, 0x22))).toBeUndefined()
    expect(parseCanonical(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22))).toBeUndefined()
  })
})
