/** What a module reports itself (docs/spec/bus.md, BU71 and BU72): each is durable before its answer, and kept once. */
import { MeshError } from '../../base/errors.ts'
import type { ModuleReport } from '../../bus/bus-ports.ts'
import type { LedgerEntry } from '../../sync/ledger.ts'
import type { ReportKind } from '../../model/report-kind.ts'
import { readAuditReport, readNotifyReport, type AuditReport } from '../../wire/bus-report.ts'
import type { Keeper } from './keeper.ts'

type ReportErrorCode = 'REPORT_INVALID'
class ReportError extends MeshError<ReportErrorCode> {}

export function reportCalls({ store, ledger, notices, deps: { clock } }: Keeper) {
  const take = {
    audit(module: string, body: Uint8Array): void {
      const report = readAuditReport(body) ?? refuse('audit')
      ledger.append(toLeaf(module, report))
    },
    notify(module: string, body: Uint8Array): void {
      const { text } = readNotifyReport(body) ?? refuse('notify')
      notices.raise('module.message', { module, text })
      notices.flush()
    },
  }
  return {
    /** @throws {ReportError} `REPORT_INVALID`: it will never be taken; {StoreError} if it cannot be kept now */
    takeReport({ module, kind, bytes, delivery }: ModuleReport): void {
      if (delivery !== undefined && store.deliveries.has(module, delivery)) return
      take[kind](module, bytes)
      if (delivery !== undefined) store.deliveries.add(module, delivery, clock.now())
    },
  }
}

function refuse(kind: ReportKind): never {
  throw new ReportError('REPORT_INVALID', `this is no ${kind} report`)
}

/** A module's words are in the payload only: what stands in a leaf is from lists of the agent's own. */
function toLeaf(module: string, { type, outcome, trace, data }: AuditReport): LedgerEntry {
  const said = Object.fromEntries(Object.entries(data).map(([name, value]) => [`data.${name}`, value]))
  const actor = { kind: 'module', ref: module } as const
  return { type: 'module.reported', outcome, actor, trace, payload: { module, event: type, ...said } }
}
