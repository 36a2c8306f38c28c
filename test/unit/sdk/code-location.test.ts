import { expect, test } from 'vitest'
import { callerOf, readFrame } from '../../../src/sdk/code-location.ts'

test.each([
  ['    at think (file:///home/me/core.ts:12:7)', 'think', '/home/me/core.ts', 12],
  ['    at async Core.think (/home/me/a b/core.js:1:2)', 'Core.think', '/home/me/a b/core.js', 1],
  ['    at file:///home/me/core.ts:3:1', undefined, '/home/me/core.ts', 3],
  ['    at new Core (node:internal/x:3:1)', 'new Core', 'node:internal/x', 3],
  ['    at Object.<anonymous> (C:\\me\\core.js:9:1)', 'Object.<anonymous>', 'C:\\me\\core.js', 9],
])('[BU76] %s is read', (frame, name, path, line) => {
  expect(readFrame(frame)).toEqual({
    ...(name !== undefined && { 'code.function.name': name }),
    'code.file.path': path,
    'code.line.number': line,
  })
})

test.each(['', 'Error: at x', '    at native', '    at think (<anonymous>)', '    at eval (eval at x)'])(
  '[BU76] %j says nothing',
  (frame) => {
    expect(readFrame(frame)).toEqual({})
  },
)

test('[BU76] the caller of a function is found, and stacks are as deep as before', () => {
  const limit = Error.stackTraceLimit
  const inner = (): unknown => callerOf(inner)
  function outer(): unknown {
    return inner()
  }
  expect(outer()).toMatchObject({
    'code.function.name': 'outer',
    'code.file.path': expect.stringMatching(/code-location\.test\.ts/) as string,
  })
  expect(Error.stackTraceLimit).toBe(limit)
})

test('[BU76] a module that makes its own stacks, and fails at it, is not harmed', () => {
  const before = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace') ?? {}
  Error.prepareStackTrace = () => {
    throw new Error('no stack')
  }
  try {
    const inner = (): unknown => callerOf(inner)
    expect(inner()).toEqual({})
  } finally {
    Object.defineProperty(Error, 'prepareStackTrace', { configurable: true, writable: true, ...before })
  }
})
