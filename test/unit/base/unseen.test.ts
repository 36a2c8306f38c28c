import { describe, expect, test } from 'vitest'
import { hasUnseen, isUnseen, seenPoints } from '../../../src/base/unseen.ts'

/** What this engine's Unicode says shows nothing, is a space, or moves text; with the blanks that it has no word for. */
const BY_PROPERTY =
  /[\p{Default_Ignorable_Code_Point}\p{Variation_Selector}\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Zs}\u2800\u{13441}\u{13442}\u{16FE4}\u{1D159}]/u

describe('unseen', () => {
  test('[CO15] the table is what Unicode says; what this engine does not know yet is taken on trust', () => {
    const differing: string[] = []
    for (let point = 0; point <= 0x10ffff; point++) {
      const character = String.fromCodePoint(point)
      const isMeant = point !== 0x20 && BY_PROPERTY.test(character)
      const isKnown = isMeant || !/\p{Cn}/u.test(character)
      if (isKnown && isUnseen(point) !== isMeant) differing.push(`U+${point.toString(16)}`)
    }
    expect(differing).toEqual([])
  })

  const texts: readonly { name: string; text: string; hides: boolean }[] = [
    { name: 'letters of any script and spaces between them', text: 'größe 寿司 नमस्ते', hides: false },
    { name: 'an emoji of joined parts', text: '👩‍🚀', hides: false },
    { name: 'an emoji with its form, joined to another', text: '❤️‍🔥', hides: false },
    { name: 'a skin tone', text: '👍🏽', hides: false },
    { name: 'a joiner after a letter', text: 'laptop\u200D', hides: true },
    { name: 'a joiner between a letter and an emoji', text: 'a\u200D🚀', hides: true },
    { name: 'a joiner after an emoji and before a letter', text: '🚀\u200Da', hides: true },
    { name: 'two joiners', text: '👩\u200D\u200D🚀', hides: true },
    { name: 'the emoji form of a letter', text: 'a\uFE0F', hides: true },
    { name: 'a space that is not the space', text: 'my\u00A0laptop', hides: true },
    { name: 'a blank that is a symbol', text: 'laptop\u2800', hides: true },
    { name: 'half a character', text: 'a\uD800', hides: true },
    { name: 'nothing', text: '', hides: false },
  ]
  test.each(texts)('[CO15] $name', ({ text, hides }) => {
    expect(hasUnseen(text)).toBe(hides)
    expect([...seenPoints(text)].map(({ point }) => String.fromCodePoint(point)).join('')).toBe(text)
  })
})
