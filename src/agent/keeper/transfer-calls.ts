/** What the main thread asks of the keeper for files: records of a file in, records asked for out. */
import type { DeviceId } from '../../model/ids.ts'
import type { Signal } from '../../model/lane.ts'
import { decideEndpoint, decideExport } from '../../policy/stage-gate.ts'
import type { RejectedRecords } from '../../wire/otlp/rows.ts'
import { moved } from '../worker-port.ts'
import { planExport, type ExportQuery } from './export-plan.ts'
import { ExportRun, type ExportTotals } from './export-run.ts'
import { Exports } from './exports.ts'
import type { Keeper } from './keeper.ts'
import { requireGate } from './stage-error.ts'
import { MAX_QUERY_TIMEOUT_MS } from './turns.ts'

export interface Imported {
  readonly accepted: number
  readonly rejected: RejectedRecords | undefined
}

export function transferCalls(keeper: Keeper) {
  const exports = new Exports()
  return {
    /** A batch of a file, by the door of OTLP: nothing in a file proves who recorded it. */
    async importRecords(signal: Signal, bytes: Uint8Array): Promise<Imported> {
      // Below its stage the door would drop all of it, counted; a person who hands over a file is told.
      requireGate(decideEndpoint(keeper.stage, 'otlp'), keeper.stage)
      const { accepted, rejected } = await keeper.intake.take(signal, bytes, { kind: 'otlp' })
      return { accepted, rejected }
    },
    exportStart(query: ExportQuery): number {
      requireGate(decideExport(keeper.stage, query.signal), keeper.stage)
      exports.requireRoom()
      const plan = planExport(keeper, query)
      keeper.ledger.append(exportLeaf(keeper.card.deviceId, query))
      return exports.add(new ExportRun(plan, query.deviceIds))
    },
    /** The next block, perhaps an empty one; undefined at the end. */
    exportNext(id: number, signal?: AbortSignal): Promise<readonly Uint8Array[] | undefined> {
      const run = exports.get(id)
      return keeper.turns.run(
        function* () {
          const block = yield* run.next()
          return block && moved([block])
        },
        { signal, timeoutMs: MAX_QUERY_TIMEOUT_MS },
      )
    },
    exportTotals: (id: number): ExportTotals => exports.get(id).totals(),
    exportEnd: (id: number): void => exports.end(id),
  }
}

/** Others' records leave the reach of what their owner may still revoke: whose they were is in the leaf. */
function exportLeaf(self: DeviceId, { signal, deviceIds }: ExportQuery) {
  return {
    type: 'data.exported' as const,
    outcome: 'success' as const,
    actor: { kind: 'user' as const, ref: self },
    object: { kind: 'export' as const, ref: signal },
    payload: { lane: signal, devices: deviceIds === undefined ? 'all' : deviceIds.join(' ') },
  }
}
