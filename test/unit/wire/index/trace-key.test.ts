import { expect, test } from 'vitest'
import type { TraceId } from '../../../../src/model/ids.ts'
import { traceKey, traceKeyRange, traceKeys } from '../../../../src/wire/index/trace-key.ts'

const id = (start: string): TraceId => start.padEnd(32, '7') as TraceId

test.each([
  { of: '0000ff00000000000000000000000001', key: 0x0000ff000001 },
  { of: 'ffffffffffffffffffffffffffffffff', key: 2 ** 48 - 1 },
  { of: '0000000000000000463ac35c9f6413ad', key: 0x0000006413ad },
  { of: '5759e988bd862e3fe1be46a994272793', key: 0x5759e9272793 },
])('[IX10] the key of $of is its first 3 bytes and its last 3', ({ of, key }) => {
  expect(traceKey(of as TraceId)).toBe(key)
})

test('[IX10] keys of ids are sorted, each once', () => {
  expect([...traceKeys([id('b'), id('a'), id('b')])]).toEqual([traceKey(id('a')), traceKey(id('b'))])
})

test.each([
  { prefix: '', from: 0, to: 2 ** 48 - 1 },
  { prefix: 'a', from: 0xa00000000000, to: 0xafffffffffff },
  { prefix: '012345', from: 0x012345000000, to: 0x012345ffffff },
  { prefix: '0123456789abcdef', from: 0x012345000000, to: 0x012345ffffff },
  { prefix: '0123456789abcdef0123456789', from: 0x012345000000, to: 0x012345ffffff },
  { prefix: '0123456789abcdef0123456789a', from: 0x012345a00000, to: 0x012345afffff },
  { prefix: '0123456789abcdef0123456789abcdef', from: 0x012345abcdef, to: 0x012345abcdef },
])('[IX10] ids that begin with "$prefix" have keys from $from to $to', ({ prefix, from, to }) => {
  expect(traceKeyRange(prefix)).toEqual({ from, to })
})
