import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { LineSplitter } from '../../../src/transfer/line-splitter.ts'

/** The lines of a text, given in pieces; null for those that are too long. */
function split(text: string, size: number, maxBytes = 1000): (string | null)[] {
  const splitter = new LineSplitter(maxBytes)
  const bytes = utf8(text)
  const lines: (string | null)[] = []
  const keep = ({ number, bytes: line }: { number: number; bytes: Uint8Array | undefined }): void => {
    lines.push(line === undefined ? null : new TextDecoder().decode(line))
    expect(number).toBe(lines.length)
  }
  for (let at = 0; at < bytes.length; at += size)
    for (const line of splitter.push(bytes.subarray(at, at + size))) keep(line)
  for (const line of splitter.finish()) keep(line)
  return lines
}

describe('lines of a text', () => {
  test('[IM12] are what stands between line breaks, however the text is given', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string().map((text) => text.replaceAll(/[\r\n]/g, ''))),
        fc.integer({ min: 1, max: 20 }),
        (lines, size) => {
          const ended = lines.map((line) => `${line}\n`).join('')
          expect(split(ended, size)).toEqual(lines)
          expect(split(ended.replaceAll('\n', '\r\n'), size)).toEqual(lines)
          expect(split(`${ended}last`, size)).toEqual([...lines, 'last'])
        },
      ),
    )
  })

  test.each([1, 3, 100])(
    '[IM4] a line over the limit is passed over, and the next ones are read, %i bytes at a time',
    (size) => {
      expect(split('12345\n123456\n\n1\n1234567', size, 5)).toEqual(['12345', null, '', '1', null])
    },
  )
})
