import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_TEXT_LENGTH } from '../../../src/base/safe-text.ts'
import { asciiText, safeText } from '../../../src/cli/render/safe-text.ts'

const cases: readonly { name: string; text: string; want: string }[] = [
  { name: 'plain text stays', text: 'POST /utterance?x=1', want: 'POST /utterance?x=1' },
  { name: 'other scripts stay', text: 'größe 寿司 🍣 नमस्ते', want: 'größe 寿司 🍣 नमस्ते' },
  { name: 'colour sequences go whole', text: '\u001B[31;1mred\u001B[0m', want: 'red' },
  { name: 'so do those with one-byte introducers', text: '\u009B2Jx', want: 'x' },
  { name: 'a window title goes with its text', text: 'a\u001B]0;owned\u0007b', want: 'ab' },
  { name: 'a link keeps its words only', text: '\u001B]8;;http://x\u001B\\click\u001B]8;;\u001B\\', want: 'click' },
  { name: 'a device string goes with its text', text: '\u001BPq#0\u001B\\ok', want: 'ok' },
  { name: 'other escapes go', text: '\u001Bcreset\u001B(B', want: 'reset' },
  { name: 'a lone escape at the end goes', text: 'end\u001B', want: 'end' },
  { name: 'line breaks and tabs become one space', text: 'a\r\n\t\u2028b', want: 'a b' },
  { name: 'other controls go', text: 'a\u0000\u0008\u007Fb', want: 'ab' },
  { name: 'direction overrides and isolates go', text: '\u202Egnp.\u2066exe\u2069', want: 'gnp.exe' },
  { name: 'zero-width characters and joiners go', text: 'a\u200B\u200D\uFEFFb', want: 'ab' },
  { name: 'tags and variation selectors go', text: 'x\u{E0041}\uFE0F', want: 'x' },
  { name: 'fillers and blanks go', text: 'a\u034F\u17B4\u2800\u{1D173}\u{13441}b', want: 'ab' },
  { name: 'other spaces become a space', text: 'a\u00A0\u3000b', want: 'a  b' },
  { name: 'skin tones go', text: '👍🏽', want: '👍' },
  { name: 'lone surrogates are marked', text: 'a\uD800b', want: 'a\uFFFDb' },
  { name: 'towers of marks are cut', text: `a${'\u0301'.repeat(50)}b`, want: 'a\u0301\u0301\u0301b' },
  { name: 'spaces around go', text: '  x  ', want: 'x' },
]

describe('safeText', () => {
  test.each(cases)('[QU15] $name', ({ text, want }) => {
    expect(safeText(text)).toBe(want)
  })

  test('[QU15] long text is cut before work', () => {
    expect(safeText('x'.repeat(MAX_TEXT_LENGTH + 1))).toHaveLength(MAX_TEXT_LENGTH)
  })

  test('[QU15] nothing that moves a cursor or hides is left, and a second pass finds nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const safe = safeText(text)
        expect(safe).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u)
        expect(safeText(safe)).toBe(safe)
      }),
    )
  })

  test('[QU19] in ASCII each other character is a question mark', () => {
    expect(asciiText('größe 🍣')).toBe('gr??e ?')
  })
})
