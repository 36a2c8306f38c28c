import fc from 'fast-check'
import { expect, test } from 'vitest'
import { displayWidth } from '../../../src/cli/render/display-width.ts'
import { wrapText } from '../../../src/cli/render/wrap-text.ts'

test('[CL18] lines hang under the first; a word too wide stands alone', () => {
  expect(wrapText('one two abcdefghijkl three', { width: 11, lead: ' - ' })).toEqual([
    ' - one two',
    '   abcdefghijkl',
    '   three',
  ])
  expect(wrapText('one two', { width: 5, lead: '  ', indent: '' })).toEqual(['  one', 'two'])
  expect(wrapText('', { width: 5, lead: 'x  ' })).toEqual(['x'])
})

test('[CL18] no word is lost, and no line of more than one word is too wide', () => {
  const word = fc.stringMatching(/^[a-z寿]{1,9}$/)
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), fc.integer({ min: 1, max: 30 }), (words, width) => {
      const lines = wrapText(words.join(' '), { width })
      expect(lines.join(' ')).toBe(words.join(' '))
      for (const line of lines) expect(displayWidth(line) <= width || !line.includes(' ')).toBe(true)
    }),
  )
})
