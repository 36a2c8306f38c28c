import { expect, test } from 'vitest'
import { sideBySide } from '../../../src/base/side-by-side.ts'
import type { Steps } from '../../../src/base/steps.ts'
import { finish } from '../../support/finish.ts'

function* work(name: string, steps: number, said: string[]): Steps<string> {
  for (let i = 1; i <= steps; i++) {
    said.push(`${name}${i}`)
    yield
  }
  return name
}

test('[QU24] takes a step of each in turn, and goes on with those that are not done', () => {
  const said: string[] = []
  const both = sideBySide([work('a', 1, said), work('b', 3, said)])
  let steps = 0
  while (both.next().done !== true) steps++
  expect([said, steps]).toEqual([['a1', 'b1', 'b2', 'b3'], 4])
})

test('[QU24] answers in the order the works were given, whichever ends first', () => {
  expect(finish(sideBySide([work('slow', 5, []), work('quick', 0, [])]))).toEqual(['slow', 'quick'])
  expect(finish(sideBySide([]))).toEqual([])
})

test('[QU24] what one throws ends all', () => {
  const said: string[] = []
  const broken = (function* (): Steps<string> {
    yield
    throw new TypeError('no')
  })()
  expect(() => finish(sideBySide([work('a', 9, said), broken]))).toThrow('no')
  expect(said).toEqual(['a1', 'a2'])
})
