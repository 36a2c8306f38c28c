import { describe, expect, test } from 'vitest'
import { attributesToJson, attributeToJson } from '../../../src/query/attributes-to-json.ts'

describe('attributesToJson', () => {
  test('[QU1] every kind of value becomes plain JSON', () => {
    expect(attributeToJson(null)).toBeNull()
    expect(attributeToJson('x')).toBe('x')
    expect(attributeToJson(false)).toBe(false)
    expect(attributeToJson(1.5)).toBe(1.5)
    expect(attributeToJson(Number.NaN)).toBe('NaN')
    expect(attributeToJson(-Infinity)).toBe('-Infinity')
    expect(attributeToJson(2n ** 60n)).toBe('1152921504606846976')
    expect(attributeToJson(Uint8Array.of(0, 255))).toBe('00ff')
    expect(attributeToJson(['a', [1n], { entries: [{ key: 'k', value: true }] }])).toEqual(['a', ['1'], { k: true }])
  })

  test('[QU1] of repeated keys the first counts, and no key reaches a prototype', () => {
    const json = attributesToJson([
      { key: 'a', value: 'first' },
      { key: 'a', value: 'second' },
      { key: '__proto__', value: 'x' },
    ])
    expect(json['a']).toBe('first')
    expect(Object.getPrototypeOf(json)).toBe(Object.prototype)
    expect(Object.keys(json)).toContain('__proto__')
  })
})
