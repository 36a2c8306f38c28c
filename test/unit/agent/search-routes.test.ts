import { describe, expect, test } from 'vitest'
import { callRoute } from '../../../src/agent/http-server.ts'
import type { KeeperClient } from '../../../src/agent/keeper-client.ts'
import { MAX_QUERY_TIMEOUT_MS } from '../../../src/agent/keeper/turns.ts'
import { searchRoutes, timeoutOf } from '../../../src/agent/search-routes.ts'

const asked: unknown[] = []
const keeper = {
  callUntil: async (_signal: AbortSignal, ...call: readonly unknown[]) => {
    asked.push(call)
    return [new TextEncoder().encode('{"found":'), new TextEncoder().encode('true}')]
  },
} as unknown as Pick<KeeperClient, 'callUntil'>

const post = (path: string, body: unknown) => callRoute(searchRoutes({ keeper }), { method: 'POST', path, body })

describe('routes of searches', () => {
  test('[SQ1] hand the query on as it came, its time apart', async () => {
    asked.length = 0
    const answer = await post('/v1/search/traces', { filter: 'a=1', limit: 3, timeoutMs: 500 })
    expect(answer).toEqual({ status: 200, json: { found: true } })
    expect(asked).toEqual([['searchTraces', { filter: 'a=1', limit: 3 }, { timeoutMs: 500 }]])
  })

  test.each([
    ['errors', 'errorGroups'],
    ['statistics', 'spanStatistics'],
    ['map', 'serviceMap'],
  ])('[SQ1] %s can be asked for with a path too', async (what, call) => {
    asked.length = 0
    const path = `/v1/${what}?filter=a%3D1&sinceUnixMs=5&limit=x&timeoutMs=500`
    const answer = await callRoute(searchRoutes({ keeper }), { method: 'GET', path, body: undefined })
    expect(answer).toEqual({ status: 200, json: { found: true } })
    expect(asked).toEqual([[call, { filter: 'a=1', sinceUnixMs: 5, limit: 'x' }, { timeoutMs: 500 }]])
    await post(`/v1/search/${what}`, { where: [] })
    expect(asked.at(-1)).toEqual([call, { where: [] }, { timeoutMs: undefined }])
  })

  test.each([0, -1, 1.5, MAX_QUERY_TIMEOUT_MS + 1, '5'])(
    '[QU27] %s milliseconds are no time a query may take',
    async (timeoutMs) => {
      const answer = await post('/v1/search/traces', { timeoutMs })
      expect(answer).toMatchObject({
        status: 400,
        json: { error: { code: 'HTTP_BAD_FIELD', details: { field: 'timeoutMs' } } },
      })
    },
  )

  test('[QU27] of a path’s query the time is read the same way', () => {
    expect(timeoutOf(new URLSearchParams())).toBeUndefined()
    expect(timeoutOf(new URLSearchParams({ timeoutMs: String(MAX_QUERY_TIMEOUT_MS) }))).toBe(MAX_QUERY_TIMEOUT_MS)
    for (const text of ['0', '', 'soon', String(MAX_QUERY_TIMEOUT_MS + 1)]) {
      expect(() => timeoutOf(new URLSearchParams({ timeoutMs: text }))).toThrow('timeoutMs')
    }
  })
})
