/** Placing and lifting holds: audited before they take effect, in force before they are answered. */
import { MeshError } from '../../base/errors.ts'
import type { DeviceId } from '../../model/ids.ts'
import type { Hold, HoldScope, HoldTable } from '../../store/hold-table.ts'
import type { Ledger } from '../../sync/ledger.ts'

/** Every run of retention looks up what each of them keeps. */
export const MAX_HOLDS = 1_000

export type HoldErrorCode =
  /** There are as many holds as there may be. */
  | 'HOLD_TOO_MANY'
  /** No hold has this number. */
  | 'HOLD_UNKNOWN'
  /** No trace here begins with these digits. */
  | 'TRACE_NOT_FOUND'
export class HoldError extends MeshError<HoldErrorCode> {}

export interface HoldsDeps {
  readonly table: HoldTable
  readonly ledger: Ledger
  readonly self: DeviceId
  readonly nowMs: () => number
  /** What is held has changed. */
  readonly onChange: () => void
}

/** @throws {HoldError}, and what the ledger throws */
export function placeHold({ table, ledger, self, nowMs, onChange }: HoldsDeps, scope: HoldScope, reason: string): Hold {
  if (table.all().length >= MAX_HOLDS) throw new HoldError('HOLD_TOO_MANY', `there are ${MAX_HOLDS} holds already`)
  ledger.append({
    type: 'hold.placed',
    outcome: 'success',
    actor: { kind: 'user', ref: self },
    object: { kind: 'data', ref: 'hold' },
    payload: { ...scopeFields(scope), reason },
  })
  const hold = { createdUnixMs: Math.floor(nowMs()), reason, scope }
  const id = table.insert(hold)
  onChange()
  return { id, ...hold }
}

/** @throws {HoldError}, and what the ledger throws */
export function liftHold({ table, ledger, self, onChange }: HoldsDeps, id: number): Hold {
  const hold = table.all().find((each) => each.id === id)
  if (hold === undefined) throw new HoldError('HOLD_UNKNOWN', 'no hold has this number')
  ledger.append({
    type: 'hold.removed',
    outcome: 'success',
    actor: { kind: 'user', ref: self },
    object: { kind: 'data', ref: 'hold' },
    payload: { ...scopeFields(hold.scope), reason: hold.reason },
  })
  table.delete(id)
  onChange()
  return hold
}

function scopeFields(scope: HoldScope): Readonly<Record<string, string | number>> {
  if (scope.kind === 'trace') return { traceId: scope.traceId }
  const { fromUnixMs, toUnixMs, deviceId, module } = scope
  return {
    fromUnixMs,
    toUnixMs,
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(module === undefined ? {} : { module }),
  }
}
