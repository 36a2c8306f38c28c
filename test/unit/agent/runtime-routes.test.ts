import { describe, expect, test } from 'vitest'
import { callRoute } from '../../../src/agent/http-server.ts'
import { MAX_WATCH_MS, runtimeRoutes, type RuntimeRouteDeps } from '../../../src/agent/runtime-routes.ts'
import type { KeeperApi } from '../../../src/agent/keeper/keeper-api.ts'

const asked: number[] = []
const store = { delayP50Ms: 1, delayP99Ms: 2, delayMaxMs: 3, heapUsedBytes: 4, buffersBytes: 5 }
const keeper = {
  call(_name: keyof KeeperApi, forMs: number) {
    asked.push(forMs)
    return Promise.resolve({ ...store, rssBytes: 6, requests: 40, commits: 5 })
  },
} as unknown as RuntimeRouteDeps['keeper']
const routes = runtimeRoutes({ keeper, gate: { waitingBytes: 77 } })
const ask = (query: string) => callRoute(routes, { method: 'GET', path: `/v1/runtime${query}`, body: undefined })

describe('GET /v1/runtime', () => {
  test('[HT14] both threads are watched for as long as was asked, and what waits is told', async () => {
    asked.length = 0
    const { status, json } = await ask('?watchMs=7')
    expect(status).toBe(200)
    expect(json).toMatchObject({ watchedMs: 7, waitingBytes: 77, intake: { requests: 40, commits: 5 }, store })
    expect((json as { main: object }).main).toHaveProperty('delayP99Ms')
    expect(asked).toEqual([7])
  })

  test.each(['0', '-1', '1.5', 'x', '', String(MAX_WATCH_MS + 1), '1e3'])(
    '[HT14] watchMs=%s is refused before anything is watched',
    async (watchMs) => {
      asked.length = 0
      const { status, json } = await ask(`?watchMs=${watchMs}`)
      expect(status).toBe(400)
      expect(json).toMatchObject({ error: { code: 'HTTP_BAD_FIELD', details: { field: 'watchMs' } } })
      expect(asked).toEqual([])
    },
  )
})
