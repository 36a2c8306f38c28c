/**
 * Records as they come, as lines of JSON until the client goes: `{"dropped": n}` says that lines are missing, and a last
 * line is `{"error": {"code", "message"}}` where the agent ends it: the stage was lowered.
 */
import { MeshError } from '../base/errors.ts'
import { HttpError, jsonBody, type HttpRequest, type Route, type StreamAnswer, type WriteChunk } from './http-server.ts'
import type { KeeperClient } from './keeper-client.ts'
import { fieldsOf } from './search-routes.ts'

export interface TailRouteDeps {
  readonly keeper: Pick<KeeperClient, 'call' | 'callUntil'>
}
type Keeper = TailRouteDeps['keeper']
type TailLane = 'traces' | 'logs'
/** One that watches, of those that the store thread knows. */
interface Watcher {
  readonly id: number
  readonly lane: TailLane | 'documents'
}

/** Conditions come like those of a search: with a body, or with a path that a person can type. */
export function tailRoutes({ keeper }: TailRouteDeps): readonly Route[] {
  const path = '/v1/tail/:lane'
  return [
    { method: 'POST', path, capability: 'cli', handle: (request) => tail(keeper, request, jsonBody(request)) },
    { method: 'GET', path, capability: 'cli', handle: (request) => tail(keeper, request, fieldsOf(request.query)) },
  ]
}

async function tail(
  keeper: Keeper,
  { params }: HttpRequest,
  fields: Readonly<Record<string, unknown>>,
): Promise<StreamAnswer> {
  const lane = laneOf(params['lane'])
  const id = await keeper.call('tailOpen', lane, fields)
  return followTail(keeper, { id, lane })
}

/** What a watcher is told, until the client goes. */
export function followTail(keeper: Keeper, watcher: Watcher): StreamAnswer {
  return { stream: (write, signal) => follow(keeper, watcher, write, signal) }
}

/** No more is read than the client takes: what it cannot take waits, bounded, in the store thread. */
async function follow(keeper: Keeper, { id, lane }: Watcher, write: WriteChunk, signal: AbortSignal): Promise<void> {
  try {
    while (!signal.aborted) {
      const { dropped, lines } = await keeper.callUntil(signal, 'tailRead', id, lane)
      if (dropped > 0) await write(`${JSON.stringify({ dropped })}\n`)
      if (lines.length > 0) await write(lines)
    }
  } catch (err) {
    if (!(err instanceof MeshError)) throw err
    await write(`${JSON.stringify({ error: { code: err.code, message: err.message } })}\n`)
  } finally {
    await keeper.call('tailClose', id)
  }
}

function laneOf(text: string | undefined): TailLane {
  if (text === 'traces' || text === 'logs') return text
  throw new HttpError('HTTP_NOT_FOUND', 'traces and logs can be followed')
}
