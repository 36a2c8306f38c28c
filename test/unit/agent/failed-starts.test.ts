import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  FAILED_STARTS_FILE,
  forgetFailedStarts,
  noteFailedStart,
  readFailedStarts,
} from '../../../src/agent/failed-starts.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'starts-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))
const path = (): string => join(home, FAILED_STARTS_FILE)

test('[ID16] attempts are counted by code until they are forgotten, in a file of our own', () => {
  for (const code of ['PASSPHRASE_WRONG', 'STORE_CORRUPT', 'PASSPHRASE_WRONG']) noteFailedStart(home, code)
  expect(readFailedStarts(home)).toEqual({ PASSPHRASE_WRONG: 2, STORE_CORRUPT: 1 })
  expect((statSync(path()).mode & 0o777).toString(8)).toBe('600')
  forgetFailedStarts(home)
  expect(readFailedStarts(home)).toEqual({})
})

test.each(['HOME_IN_USE', 'STORE_FULL', 'HOME_MISSING', 'INTERNAL'])("[ID16] %s is nobody's attempt", (code) => {
  noteFailedStart(home, code)
  expect(existsSync(path())).toBe(false)
})

test.each([
  ['no JSON', '{', {}],
  ['null', 'null', {}],
  ['a list', '[1]', {}],
  ['more than is read', JSON.stringify({ PASSPHRASE_WRONG: 1, x: 'x'.repeat(5000) }), {}],
  ['codes and numbers that are none', '{"PASSPHRASE_WRONG":-1,"STORE_CORRUPT":1.5,"__proto__":3,"OTHER":4}', {}],
  ['a number beyond reason', '{"PASSPHRASE_WRONG":1e300}', { PASSPHRASE_WRONG: 1_000_000 }],
])('[ID16] %s in the file harms nothing', (_, text, want) => {
  writeFileSync(path(), text)
  expect(readFailedStarts(home)).toEqual(want)
})

test('[ID16] a home that cannot be written keeps no start from saying why it failed', () => {
  expect(() => noteFailedStart(join(home, 'gone'), 'PASSPHRASE_WRONG')).not.toThrow()
})
