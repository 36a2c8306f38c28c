import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { isPairCode, MAX_PAIR_CODE_CHARS, pairCodeOf, PAIR_CODE_BYTES } from '../../../src/model/pair-code.ts'
import { PAIR_EMOJI } from '../../../src/model/pair-emoji.ts'

const code = pairCodeOf(Uint8Array.of(0x00, 0x10, 0x83, 0x10, 0x51, 0x87))
const names = ['Dog', 'Cat', 'Lion', 'Horse', 'Unicorn', 'Pig', 'Elephant']
const anyCode = fc.uint8Array({ minLength: PAIR_CODE_BYTES, maxLength: PAIR_CODE_BYTES }).map(pairCodeOf)

describe('pairing code', () => {
  test('[PN5] the table has 64 pictures, each once, in the order of the Matrix specification', () => {
    expect(new Set(PAIR_EMOJI.map(({ symbol }) => symbol)).size).toBe(64)
    expect(new Set(PAIR_EMOJI.map(({ name }) => name)).size).toBe(64)
    const listed = PAIR_EMOJI.map(({ symbol, name }) => `${symbol} ${name}\n`).join('')
    expect(createHash('sha256').update(listed).digest('hex')).toBe(
      '677398dacab61bab25b3032119b6b7fdf744a57b9f83696563af891945d88b9e',
    )
  })

  test('[PN5] pictures are the first 42 bits, six at a time; numbers the first 39, thirteen at a time, and 1000', () => {
    expect(code.emoji.map(({ name }) => name)).toEqual(names)
    expect(code.numbers).toEqual([0b0000000000010 + 1000, 0b0001000001100 + 1000, 0b0100000101000 + 1000])
    const [least, most] = [new Uint8Array(6), new Uint8Array(6).fill(255)].map(pairCodeOf)
    expect([least?.numbers, most?.numbers]).toEqual([
      [1000, 1000, 1000],
      [9191, 9191, 9191],
    ])
  })

  const numbers = code.numbers.join('')
  test.each([
    ['numbers', code.numbers.join(' ')],
    ['numbers in one', numbers],
    ['numbers with dashes', code.numbers.join('-')],
    ['names', names.join(' ')],
    ['names in small letters with commas', names.join(', ').toLowerCase()],
    ['symbols', code.emoji.map(({ symbol }) => symbol).join(' ')],
    ['symbols in one', code.emoji.map(({ symbol }) => symbol).join('')],
    ['what the other device printed', code.emoji.map(({ symbol, name }) => `${symbol} ${name}`).join('   ')],
  ])('[PN7] reads %s', (_, text) => {
    expect(isPairCode(text, code)).toBe(true)
  })

  test.each([
    ['one number differs', `${code.numbers.slice(0, 2).join(' ')} 1000`, false],
    ['one picture differs', [...names.slice(0, 6), 'Pin'].join(' '), false],
    ['the order differs', names.toReversed().join(' '), false],
    ['a number is missing', '1234 5678', undefined],
    ['a number too many', `${numbers}1`, undefined],
    ['a picture is missing', names.slice(1).join(' '), undefined],
    ['a picture nobody knows', [...names.slice(0, 6), 'Dragon'].join(' '), undefined],
    ['every picture twice, but not as it is shown', [...names, ...names].join(' '), undefined],
    ['nothing', '', undefined],
    ['half a name', [...names.slice(0, 6), 'Light'].join(' '), undefined],
    ['too long', 'dog '.repeat(MAX_PAIR_CODE_CHARS), undefined],
  ])('[PN7] %s: %s is %s', (_, text, is) => {
    expect(isPairCode(text, code)).toBe(is)
  })

  test('[PN7] every code reads itself, in each of the ways in which it is written', () => {
    fc.assert(
      fc.property(anyCode, (each) => {
        const ways = [
          each.numbers.join(' '),
          each.emoji.map(({ name }) => name).join(' '),
          each.emoji.map(({ name }) => name.toUpperCase()).join(','),
          each.emoji.map(({ symbol }) => symbol).join(''),
        ]
        expect(ways.map((text) => isPairCode(text, each))).toEqual([true, true, true, true])
      }),
    )
  })

  test('[PN7] whatever is typed is a code or none, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300, unit: 'binary' }), (text) => {
        expect([true, false, undefined]).toContain(isPairCode(text, code))
      }),
    )
  })
})
