import { expect, test } from 'vitest'
import { nearest } from '../../../src/cli/nearest.ts'

const words = ['limit', 'lanes', 'since', 'until', 'key-store']

test.each([
  ['limt', 'limit'],
  ['limitt', 'limit'],
  ['lmiit', 'limit'],
  ['lim', 'limit'],
  ['key-stroe', 'key-store'],
  ['keystore', 'key-store'],
  ['fast', undefined],
  ['x', undefined],
  ['', undefined],
  ['untl', 'until'],
])('[CL17] %s was meant to be %s', (typed, want) => {
  expect(nearest(typed, words)).toBe(want)
})

test('[CL17] among no words there is none', () => {
  expect(nearest('limit', [])).toBeUndefined()
})
