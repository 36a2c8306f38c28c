import { describe, expect, test } from 'vitest'
import type { TraceId } from '../../../src/model/ids.ts'
import { findTrace } from '../../../src/query/find-trace.ts'

const IDS = [
  '0af7651916cd43dd8448eb211c80319c',
  '0af7ffff16cd43dd8448eb211c80319c',
  '4bf92f3577b34da6a3ce929d0e0e4736',
  '0000000000000000463ac35c9f6413ad',
  '0000000000000000463ac35cffff13ad',
  '00000000000000004bff000000000001',
]
const source = {
  idsFrom: (prefix: string, limit: number) => IDS.filter((id) => id.startsWith(prefix)).slice(0, limit) as TraceId[],
}

describe('which trace is meant', () => {
  test.each([
    ['a whole id, here or not', 'ffffffffffffffffffffffffffffffff', 'ffffffffffffffffffffffffffffffff'],
    ['four digits', '4bf9', IDS[2]],
    ['a start that others share no longer', '0af76', IDS[0]],
    ['capitals', '4BF92F', IDS[2]],
    ['an id of 64 bits', '463ac35c9f6413ad', IDS[3]],
    ['the same in capitals', '463AC35C9F6413AD', IDS[3]],
    ['a start of one, as lists show it', '463ac35c9f64', IDS[3]],
    ['one with its zeros', '0000000000000000463ac35c9', IDS[3]],
    ['a start of one that is not that of a longer id', '4bff', IDS[5]],
    ['an id of 64 bits that no trace has', '463ac35c9f6413ae', undefined],
    ['a start that no trace has', 'abcd', undefined],
  ])('[QU21] %s', (_, text, want) => {
    expect(findTrace(text, source)).toBe(want)
  })

  test.each([
    ['a start that two have', '0af7', 'TRACE_AMBIGUOUS'],
    ['a start that two ids of 64 bits have', '463ac35c', 'TRACE_AMBIGUOUS'],
    ['three digits', '4bf', 'TRACE_ID_INVALID'],
    ['no digits', '', 'TRACE_ID_INVALID'],
    ['other letters', 'latest', 'TRACE_ID_INVALID'],
    ['too many digits', `${IDS[2] as string}0`, 'TRACE_ID_INVALID'],
    ['zeros', '0'.repeat(32), 'TRACE_ID_INVALID'],
  ])('[QU21] %s is refused', (_, text, code) => {
    expect(() => findTrace(text, source)).toThrow(expect.objectContaining({ code }))
  })

  test('[QU21] a start that one id has, and one of 64 bits, is refused', () => {
    const both = { idsFrom: (prefix: string) => [prefix.padEnd(32, 'f') as TraceId] }
    expect(() => findTrace('4bf9', both)).toThrow(expect.objectContaining({ code: 'TRACE_AMBIGUOUS' }))
  })

  test('[QU21] a start that too many may have to look at them all is refused', () => {
    const tooMany = { idsFrom: () => undefined }
    expect(() => findTrace('0000', tooMany)).toThrow(expect.objectContaining({ code: 'TRACE_AMBIGUOUS' }))
  })
})
