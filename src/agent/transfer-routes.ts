/** Files in and out: batches of an import, and exports as streams (docs/spec/import-export.md). */
import type { DeviceId } from '../model/ids.ts'
import { MAX_MODULE_NAME_BYTES, SIGNALS, type Signal } from '../model/lane.ts'
import { MAX_OTLP_BYTES } from '../wire/otlp/limits.ts'
import { findDevice } from './find-device.ts'
import { HttpError, type HttpAnswer, type HttpRequest, type Route, type StreamAnswer } from './http-server.ts'
import type { ExportView, ImportedView } from './http-types/transfer.ts'
import type { IntakeGate } from './intake-gate.ts'
import { BUSY_RETRY_MS, IntakeError } from './intake-gate.ts'
import type { KeeperClient } from './keeper-client.ts'
import type { ExportQuery } from './keeper/export-plan.ts'
import { bad } from './read-fields.ts'

export interface TransferRouteDeps {
  readonly keeper: KeeperClient
  readonly gate: IntakeGate
}

/** What an export says once it is whole, as JSON. */
const EXPORT_TRAILER = 'x-aico-export'

export function transferRoutes({ keeper, gate }: TransferRouteDeps): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/v1/import/:signal',
      capability: 'cli',
      maxBodyBytes: MAX_OTLP_BYTES,
      handle: (request) => takeBatch(request, keeper, gate),
    },
    {
      method: 'GET',
      path: '/v1/export/:signal',
      capability: 'cli',
      handle: (request) => startExport(request, keeper),
    },
  ]
}

async function takeBatch({ params, body }: HttpRequest, keeper: KeeperClient, gate: IntakeGate): Promise<HttpAnswer> {
  const signal = signalOf(params)
  try {
    const { accepted, rejected } = await gate.pass(body.length, () =>
      keeper.callMoving([body.buffer as ArrayBuffer], 'importRecords', signal, body),
    )
    return { json: { accepted, rejected: rejected ?? null } satisfies ImportedView }
  } catch (err) {
    if (err instanceof IntakeError) return comeBack(err)
    throw err
  }
}

/** The answer under back-pressure: the sender keeps the batch. */
function comeBack({ code, message, details }: IntakeError): HttpAnswer {
  const headers = { 'content-type': 'application/json', 'retry-after': String(Math.ceil(BUSY_RETRY_MS / 1000)) }
  return { status: 503, headers, body: Buffer.from(JSON.stringify({ error: { code, message, details } })) }
}

async function startExport({ params, query }: HttpRequest, keeper: KeeperClient): Promise<StreamAnswer> {
  const id = await keeper.call('exportStart', readQuery(signalOf(params), query, keeper))
  let totals: ExportView | undefined
  return {
    contentType: 'application/x-protobuf',
    trailers: () => ({ [EXPORT_TRAILER]: JSON.stringify(totals) }),
    async stream(write, signal) {
      try {
        for (;;) {
          // Cut off, not ended: what is not whole must not look so.
          if (signal.aborted) throw new HttpError('HTTP_GONE', 'nobody reads this export any more')
          const blocks = await keeper.callUntil(signal, 'exportNext', id)
          if (blocks === undefined) break
          for (const block of blocks) if (block.length > 0) await write(block)
        }
        totals = await keeper.call('exportTotals', id)
      } finally {
        await keeper.call('exportEnd', id)
      }
    },
  }
}

function signalOf(params: Readonly<Record<string, string>>): Signal {
  const signal = params['signal'] as Signal
  if (!SIGNALS.includes(signal)) throw new HttpError('HTTP_NOT_FOUND', 'no such signal')
  return signal
}

function readQuery(signal: Signal, query: URLSearchParams, keeper: KeeperClient): ExportQuery {
  const module = query.get('module') ?? undefined
  if (module !== undefined && Buffer.byteLength(module) > MAX_MODULE_NAME_BYTES) {
    throw bad('module', `has at most ${MAX_MODULE_NAME_BYTES} bytes`)
  }
  return {
    signal,
    deviceIds: devicesOf(query.get('device'), keeper),
    module,
    trace: query.get('trace') ?? undefined,
    filter: query.get('filter') ?? undefined,
    sinceUnixMs: timeOf(query, 'sinceUnixMs'),
    untilUnixMs: timeOf(query, 'untilUnixMs'),
  }
}

/** This device unless another is named, or `all`: what others let it see is copied only on purpose. */
function devicesOf(text: string | null, keeper: KeeperClient): readonly DeviceId[] | undefined {
  const { self, membership } = keeper.view()
  if (text === null) return [self.deviceId]
  if (text === 'all') return undefined
  const others = [...membership.members.values()].map(({ card }) => card)
  return [findDevice([self, ...others.filter(({ deviceId }) => deviceId !== self.deviceId)], text)]
}

function timeOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  if (!/^[0-9]{1,15}$/.test(text)) throw bad(name, 'is a time in Unix milliseconds')
  return Number(text)
}
