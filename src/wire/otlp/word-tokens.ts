/**
 * Adds the words of a text to a row's tokens, from its bytes: the same words as wordsOf gives for the text, whichever the
 * script. ASCII, which most logs are, is never decoded.
 */
import { addByte, finish, MAX_WORD_CHARS, WORD_STATE, wordsOf, wordToken } from '../index/token.ts'
import type { Columns } from './columns.ts'

/** What an ASCII byte becomes in a word, its lower case; 0 if it ends one. */
const WORD_BYTE = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code)
  return /[a-z0-9_]/i.test(character) ? character.toLowerCase().charCodeAt(0) : 0
})

/** `bytes` between `from` and `end` are UTF-8. */
export function addWords(columns: Columns, bytes: Uint8Array, from: number, end: number): void {
  const before = columns.tokenCount
  let state = WORD_STATE
  let length = 0
  for (let i = from; i < end; i++) {
    const byte = bytes[i] as number
    if (byte >= 0x80) {
      columns.tokenCount = before
      for (const word of wordsOf(new TextDecoder().decode(bytes.subarray(from, end)))) columns.addToken(wordToken(word))
      return
    }
    const letter = WORD_BYTE[byte] as number
    if (letter !== 0) {
      if (length++ < MAX_WORD_CHARS) state = addByte(state, letter)
    } else if (length > 0) {
      columns.addToken(finish(state))
      state = WORD_STATE
      length = 0
    }
  }
  if (length > 0) columns.addToken(finish(state))
}
