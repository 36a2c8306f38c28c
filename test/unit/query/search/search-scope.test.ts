import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DeviceId } from '../../../../src/model/ids.ts'
import type { SearchLane } from '../../../../src/query/search/condition.ts'
import { readFilterText } from '../../../../src/query/search/read-filter-text.ts'
import { scopeOf, type SearchScope } from '../../../../src/query/search/search-scope.ts'
import { tokenGroups } from '../../../../src/query/search/token-groups.ts'
import {
  boolToken,
  doubleToken,
  EVENT_NAMES_SINCE,
  INDEX_VERSION,
  intToken,
  keyToken,
  nameToken,
  severityToken,
  stringToken,
  wordToken,
  type Token,
} from '../../../../src/wire/index/token.ts'
import { digestOfScan } from '../../../../src/wire/index/digest.ts'
import { decodeLogRecords } from '../../../../src/wire/otlp/decode-logs.ts'
import { decodeSpans } from '../../../../src/wire/otlp/decode-traces.ts'
import { encodeLogsData, encodeTracesData } from '../../../../src/wire/otlp/encode.ts'
import { scanOtlp } from '../../../../src/wire/otlp/scan.ts'
import { logFacts, matches, spanFacts } from './naive-search.ts'
import { conditionsOf, logConditions, logsInputs, spanConditions, tracesInputs } from './record-arbitraries.ts'

const LAPTOP = 'aa'.repeat(32) as DeviceId
const PHONE = 'bb'.repeat(32) as DeviceId
const ORIGIN = { deviceId: 'de'.repeat(32) as DeviceId, module: 'otlp/frontend' }

function groups(filter: string, lane: SearchLane = 'traces'): readonly (readonly Token[])[] {
  return tokenGroups(readFilterText(filter, lane, 0).conditions, lane, INDEX_VERSION)
}

function scope(filter: string, lane: SearchLane = 'traces'): SearchScope {
  const query = { lane, ...readFilterText(filter, lane, 0) }
  return scopeOf(query, INDEX_VERSION, (text) => (text === 'laptop' ? [LAPTOP] : [LAPTOP, PHONE]))
}

describe('what a chunk must contain', () => {
  const cases: readonly { name: string; filter: string; lane?: SearchLane; want: readonly (readonly Token[])[] }[] = [
    { name: 'a text is itself', filter: 'a="x y"', want: [[stringToken('a', 'x y')]] },
    {
      name: 'a number may be an integer, a double or its text',
      filter: 'a=200',
      want: [[doubleToken('a', 200), intToken('a', 200n), stringToken('a', '200')]],
    },
    {
      name: 'zero may be negative',
      filter: 'a=0',
      want: [[doubleToken('a', 0), doubleToken('a', -0), intToken('a', 0n), stringToken('a', '0')]],
    },
    {
      name: 'an integer no double holds is no double',
      filter: 'a=9007199254740993',
      want: [[intToken('a', 9_007_199_254_740_993n), stringToken('a', '9007199254740993')]],
    },
    {
      name: 'an integer beyond 64 bits is no integer',
      filter: 'a=18446744073709551616',
      want: [[doubleToken('a', 2 ** 64), stringToken('a', '18446744073709551616')]],
    },
    { name: 'a boolean may be its text', filter: 'a=true', want: [[boolToken('a', true), stringToken('a', 'true')]] },
    {
      name: 'an order, a part and a star need the key',
      filter: 'a>5 b~x c=*',
      want: [[keyToken('a')], [keyToken('b')], [keyToken('c')]],
    },
    { name: 'a name is itself', filter: 'name=x', want: [[nameToken('x')]] },
    { name: 'an event’s name is itself', filter: 'name=x', lane: 'logs', want: [[nameToken('x')]] },
    { name: 'no event’s name says nothing', filter: 'name=""', lane: 'logs', want: [] },
    { name: 'a span’s empty name is itself', filter: 'name=""', want: [[nameToken('')]] },
    {
      name: 'each word of a body is its own group',
      filter: '"connection refused"',
      lane: 'logs',
      want: [[wordToken('connection')], [wordToken('refused')]],
    },
    {
      name: 'severities are any of their numbers',
      filter: 'severity>=fatal',
      lane: 'logs',
      want: [[21, 22, 23, 24].map(severityToken)],
    },
    { name: 'what must not be says nothing', filter: 'a!=1 b!=* c!~x', want: [] },
    { name: 'what stands for unknown numbers too says nothing', filter: 'kind=internal status=unset', want: [] },
    { name: 'parts of names and texts of spans say nothing', filter: 'name~x refused text~"a b"', want: [] },
  ]
  test.each(cases)('[SQ7] $name', ({ filter, lane, want }) => {
    expect(groups(filter, lane).map((group) => new Set(group))).toEqual(want.map((group) => new Set(group)))
  })

  test('[IX1] an event’s name says nothing to an index that was made before it had tokens', () => {
    const { conditions } = readFilterText('name=x a="x y"', 'logs', 0)
    const own = [stringToken('a', 'x y')]
    expect(tokenGroups(conditions, 'logs', EVENT_NAMES_SINCE - 1)).toEqual([own])
    expect(tokenGroups(conditions, 'logs', EVENT_NAMES_SINCE)).toEqual([[nameToken('x')], own])
  })

  const anyTime = { fromUnixNano: undefined, toUnixNano: undefined }
  const isFound = (needed: readonly (readonly Token[])[], lane: SearchLane, payload: Uint8Array): boolean => {
    const tokens = new Set(digestOfScan(scanOtlp(lane, payload)).tokens)
    return needed.every((group) => group.some((token) => tokens.has(token)))
  }

  // oxlint-disable-next-line vitest/expect-expect -- the property is what is expected
  test('[SQ7] a chunk with a span that matches has, by its digest, a token of every group', () => {
    fc.assert(
      fc.property(tracesInputs, spanConditions, (input, where) => {
        const payload = encodeTracesData(input)
        const query = { lane: 'traces', conditions: conditionsOf(where, 'traces'), ...anyTime } as const
        const isThere = decodeSpans(payload).some((span) => matches(spanFacts(span), ORIGIN, query))
        return !isThere || isFound(tokenGroups(query.conditions, 'traces', INDEX_VERSION), 'traces', payload)
      }),
      { numRuns: 1_000 },
    )
  })

  // oxlint-disable-next-line vitest/expect-expect -- the property is what is expected
  test('[SQ7] a chunk with a log record that matches has, by its digest, a token of every group', () => {
    fc.assert(
      fc.property(logsInputs, logConditions, (input, where) => {
        const payload = encodeLogsData(input)
        const query = { lane: 'logs', conditions: conditionsOf(where, 'logs'), ...anyTime } as const
        const isThere = decodeLogRecords(payload).some((log) => matches(logFacts(log), ORIGIN, query))
        return !isThere || isFound(tokenGroups(query.conditions, 'logs', INDEX_VERSION), 'logs', payload)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('what a chunk must be', () => {
  test('[SQ7] the least duration of all conditions, and whether errors are wanted', () => {
    expect(scope('duration>=5ms duration>7ms duration<1s').minDurationNano).toBe(7_000_001n)
    expect(scope('duration!=5ms duration<=1s').minDurationNano).toBe(0n)
    expect([scope('status=error').errorsOnly, scope('status!=ok').errorsOnly]).toEqual([true, false])
  })

  test('[SQ7] modules and devices that every condition names', () => {
    expect(scope('').modules).toBeUndefined()
    expect(scope('module=a module!=b module~c').modules).toEqual(['a'])
    expect(scope('module=a module=b').modules).toEqual([])
    expect(scope('device=any device=laptop').devices).toEqual([LAPTOP])
  })

  test('[SQ7] a whole trace id, of either lane', () => {
    const id = '0af7651916cd43dd8448eb211c80319c'
    expect([scope(`trace=${id}`).traceId, scope(`trace=${id}`, 'logs').traceId]).toEqual([id, id])
    expect([scope('trace=0af7').traceId, scope(`trace!=${id}`).traceId]).toEqual([undefined, undefined])
  })
})
