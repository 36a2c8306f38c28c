import fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8 } from '../../../../src/base/bytes.ts'
import { hasPhrase, phraseNeedle } from '../../../../src/query/search/text-in-bytes.ts'
import { wordsOf } from '../../../../src/wire/index/token.ts'

const found = (text: string, asked: string): boolean => {
  const bytes = utf8(text)
  return hasPhrase(bytes, 0, bytes.length, phraseNeedle(wordsOf(asked)))
}

test.each([
  { text: 'Grüße von req-1a2b', asked: 'req 1a2b', is: true },
  { text: 'GRÜSSE VON REQ-1A2B é', asked: 'von req', is: true },
  { text: 'größer', asked: 'größer', is: true },
  { text: 'GRÖẞER', asked: 'größer', is: true },
  { text: 'größte', asked: 'größer', is: false },
  { text: '300 \u212A', asked: 'k', is: true },
  { text: '300 mi\u212Ae', asked: 'mike', is: true },
  { text: 'İstanbul', asked: 'stanbul', is: true },
  { text: 'İ', asked: 'i', is: true },
  { text: '商品 ship', asked: '商品', is: true },
  { text: '商店 ship', asked: '商品', is: false },
])('[SQ3] "$asked" among the words of "$text": $is', ({ text, asked, is }) => {
  expect(found(text, asked)).toBe(is)
})

test('[SQ3] words are found where a text that is cut into words has them, whatever its letters become in lower case', () => {
  const letters = fc.constantFrom(
    'a',
    'K',
    'k',
    'I',
    'i',
    '\u212A',
    'İ',
    'ı',
    'ſ',
    'ß',
    'ẞ',
    'Å',
    '\u212B',
    'x',
    '_',
    '7',
    '-',
    ' ',
    '商',
    '\u0307',
  )
  const texts = fc.string({ unit: letters, maxLength: 12 })
  fc.assert(
    fc.property(texts, texts, (text, asked) => {
      const wanted = wordsOf(asked)
      fc.pre(wanted.length > 0)
      const words = wordsOf(text)
      const is = words.some((_, at) => wanted.every((word, i) => words[at + i] === word))
      expect(found(text, asked)).toBe(is)
    }),
    { numRuns: 5_000 },
  )
})
