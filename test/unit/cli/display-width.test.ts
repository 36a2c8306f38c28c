import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { displayWidth, fit, truncate } from '../../../src/cli/render/display-width.ts'
import { safeText } from '../../../src/cli/render/safe-text.ts'

describe('display width', () => {
  test.each([
    ['', 0],
    ['abc', 3],
    ['größe', 5],
    ['寿司', 4],
    ['한글', 4],
    ['ｆｕｌｌ', 8],
    ['🍣', 2],
    ['🇩🇪', 2],
    ['e\u0301', 1],
    ['├─→━╸✓≠', 7],
  ])('[QU16] %j takes %i cells', (text, cells) => {
    expect(displayWidth(text)).toBe(cells)
  })

  test.each([
    { text: 'hello', width: 5, want: 'hello' },
    { text: 'hello', width: 4, want: 'hel…' },
    { text: '寿司寿司', width: 6, want: '寿司…' },
    { text: '寿司寿司', width: 5, want: '寿司…' },
    { text: 'ae\u0301b c', width: 3, want: 'ae\u0301…' },
    { text: 'a bcd', width: 3, want: 'a…' },
    { text: 'hello', width: 1, want: '…' },
    { text: 'hello', width: 0, want: '' },
    { text: 'hello', width: -3, want: '' },
  ])('[QU16] $text in $width cells is $want', ({ text, width, want }) => {
    expect(truncate(text, width)).toBe(want)
  })

  test('[QU16] what is fitted takes exactly the width asked for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 30 }), (text, width) => {
        expect(displayWidth(fit(safeText(text), width))).toBe(width)
        expect(displayWidth(fit(safeText(text), width, 'right'))).toBe(width)
      }),
    )
  })

  test('[QU16] numbers stand on the right', () => {
    expect(fit('7', 3, 'right')).toBe('  7')
    expect(fit('7', 3)).toBe('7  ')
  })
})
