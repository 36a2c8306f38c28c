import { expect, test } from 'vitest'
import type { TraceId } from '../../../../src/model/ids.ts'
import { traceKey, traceKeyRange, traceKeys } from '../../../../src/wire/index/trace-key.ts'

const id = (start: string): TraceId => start.padEnd(32, '7') as TraceId

test('[IX10] a trace key is the first 6 bytes of the id', () => {
  expect(traceKey(id('0000000001ff'))).toBe(511)
  expect(traceKey(id('ffffffffffff'))).toBe(2 ** 48 - 1)
})

test('[IX10] keys of ids are sorted, each once', () => {
  expect([...traceKeys([id('b'), id('a'), id('b')])]).toEqual([traceKey(id('a')), traceKey(id('b'))])
})

test.each([
  { prefix: '', from: 0, to: 2 ** 48 - 1 },
  { prefix: 'a', from: 0xa00000000000, to: 0xafffffffffff },
  { prefix: '0123456789ab', from: 0x0123456789ab, to: 0x0123456789ab },
  { prefix: '0123456789abcdef', from: 0x0123456789ab, to: 0x0123456789ab },
])('[IX10] ids that begin with "$prefix" have keys from $from to $to', ({ prefix, from, to }) => {
  expect(traceKeyRange(prefix)).toEqual({ from, to })
})
