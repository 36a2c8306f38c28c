import { beforeEach, describe, expect, test } from 'vitest'
import type { HttpRequest, StreamAnswer } from '../../../src/agent/http-server.ts'
import type { KeeperClient } from '../../../src/agent/keeper-client.ts'
import { tailRoutes } from '../../../src/agent/tail-routes.ts'
import { MeshError } from '../../../src/base/errors.ts'
import { utf8 } from '../../../src/base/bytes.ts'

interface News {
  readonly dropped: number
  readonly lines: Uint8Array
}
let calls: unknown[]
let news: (News | MeshError)[]
let gone: AbortController

beforeEach(() => {
  calls = []
  news = []
  gone = new AbortController()
})

const keeper = {
  call: async (...call: readonly unknown[]) => {
    calls.push(call)
    return 7
  },
  /** Answers what is there; then the client goes. */
  callUntil: async (_signal: AbortSignal, ...call: readonly unknown[]) => {
    calls.push(call)
    const next = news.shift()
    if (next instanceof MeshError) throw next
    if (news.length === 0) gone.abort()
    return next
  },
} as unknown as Pick<KeeperClient, 'call' | 'callUntil'>

async function follow(lane: string, body: object): Promise<string> {
  const route = tailRoutes({ keeper }).find(({ method }) => method === 'POST')
  const request = { params: { lane }, body: utf8(JSON.stringify(body)) } as unknown as HttpRequest
  const answer = (await route?.handle(request)) as StreamAnswer
  const written: string[] = []
  const write = async (chunk: string | Uint8Array): Promise<void> => {
    written.push(typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk))
  }
  await answer.stream(write, gone.signal)
  return written.join('')
}

describe('following over HTTP', () => {
  test('[SQ16] lines are written as they come, with what is missing told in its place; the watcher ends with the client', async () => {
    news = [
      { dropped: 0, lines: utf8('{"a":1}\n') },
      { dropped: 3, lines: utf8('{"a":5}\n') },
    ]
    expect(await follow('logs', { filter: 'x' })).toBe('{"a":1}\n{"dropped":3}\n{"a":5}\n')
    expect(calls).toEqual([
      ['tailOpen', 'logs', { filter: 'x' }],
      ['tailRead', 7, 'logs'],
      ['tailRead', 7, 'logs'],
      ['tailClose', 7],
    ])
  })

  test('[SQ16] conditions may come with the path', async () => {
    const route = tailRoutes({ keeper }).find(({ method }) => method === 'GET')
    const query = new URLSearchParams({ filter: 'a=1', sinceUnixMs: '5' })
    await route?.handle({ params: { lane: 'logs' }, query } as unknown as HttpRequest)
    expect(calls).toEqual([['tailOpen', 'logs', { filter: 'a=1', sinceUnixMs: 5 }]])
  })

  test('[SQ16] where the agent ends it, the last line says why', async () => {
    news = [new MeshError('STAGE_TOO_LOW', 'not at this stage')]
    expect(await follow('traces', {})).toBe('{"error":{"code":"STAGE_TOO_LOW","message":"not at this stage"}}\n')
    expect(calls.at(-1)).toEqual(['tailClose', 7])
  })

  test('[HT4] only spans and log records can be followed', async () => {
    await expect(follow('metrics', {})).rejects.toMatchObject({ code: 'HTTP_NOT_FOUND' })
    expect(calls).toEqual([])
  })
})
