/**
 * What the main thread may ask of the keeper. Arguments and results are plain data: they cross a thread by structured
 * clone. Every function answers after the commit it stands for.
 */
import { statSync } from 'node:fs'
import { MeshError } from '../../base/errors.ts'
import type { DeviceId, GrantId } from '../../model/ids.ts'
import type { Stage } from '../../model/stage.ts'
import { grantState } from '../../policy/grant-state.ts'
import { decideExit } from '../../policy/stage-gate.ts'
import type { KeptFate } from '../../policy/stage-change.ts'
import { findTrace } from '../../query/find-trace.ts'
import { stitchTrace } from '../../query/stitch-trace.ts'
import type { GrantRequest } from '../../sync/consent-service.ts'
import type { LedgerEntry } from '../../sync/ledger.ts'
import { moved, type Callable } from '../worker-port.ts'
import { BusIntake, type BusTelemetry } from './bus-intake.ts'
import { carryCalls } from './carry-calls.ts'
import { carryPersonCalls } from './carry-person-calls.ts'
import { lostByOwner } from './damage-report.ts'
import { IntakeTurns } from './intake-turns.ts'
import { investigationCalls, marksOfTrace } from './investigation-calls.ts'
import type { Keeper } from './keeper.ts'
import { startsFailed } from './told-by-code.ts'
import { meshCalls } from './mesh-calls.ts'
import { metricCalls } from './metric-calls.ts'
import { notificationCalls } from './notification-calls.ts'
import { otlpCalls } from './otlp-calls.ts'
import { ownCalls } from './own-calls.ts'
import { knowledgeOf, queryDeps, requireView, shownMetrics } from './query-deps.ts'
import { PluginBook } from './plugin-book.ts'
import { pluginCalls } from './plugin-calls.ts'
import { quotaCalls } from './quota-calls.ts'
import { reportCalls } from './report-calls.ts'
import { runtimeCalls } from './runtime-calls.ts'
import { searchCalls } from './search-calls.ts'
import { requireGate } from './stage-error.ts'
import { storeCalls } from './store-calls.ts'
import { tailCalls } from './tail-calls.ts'
import { transferCalls } from './transfer-calls.ts'

export type AlarmErrorCode = 'POLICY_ALARM'
export class AlarmError extends MeshError<AlarmErrorCode> {}

interface TraceShowOptions {
  readonly attributes: boolean
  /** Say also who links to the trace. Default false. */
  readonly links?: boolean
  readonly timeoutMs?: number | undefined
}

export type KeeperApi = ReturnType<typeof keeperApi>

export function keeperApi(keeper: Keeper, storeFile: string) {
  const intake = new IntakeTurns(keeper.deps.clock, keeper.rounds.later)
  const book = new PluginBook(keeper.store.modules, keeper.deps)
  return {
    ...recordCalls(keeper, intake, book),
    ...reportCalls(keeper),
    ...otlpCalls(keeper, intake),
    ...queryCalls(keeper, storeFile),
    ...metricCalls(
      keeper,
      () => knowledgeOf(keeper),
      () => shownMetrics(keeper),
    ),
    ...searchCalls(keeper),
    ...investigationCalls(keeper),
    ...tailCalls(keeper),
    ...transferCalls(keeper),
    ...controlCalls(keeper, book),
    ...meshCalls(keeper),
    ...carryCalls(keeper),
    ...carryPersonCalls(keeper),
    ...runtimeCalls(intake),
    ...ownCalls(keeper),
    ...storeCalls(keeper, storeFile),
    ...quotaCalls(keeper),
    ...notificationCalls(keeper),
    ...pluginCalls(keeper, book),
    close: () => keeper.close(),
  } satisfies Callable
}

function recordCalls(keeper: Keeper, intake: IntakeTurns, book: PluginBook) {
  const bus = new BusIntake(keeper, book)
  return {
    takeBus: (batch: BusTelemetry) => intake.run(() => bus.take(batch)),
    /** Starts that failed before this one, by code. */
    startsFailed(counts: Readonly<Record<string, number>>): void {
      for (const [code, count] of Object.entries(counts)) keeper.store.counters.add(`start.failed.${code}`, count)
      for (const told of startsFailed(counts)) keeper.notices.raise('security.start-failed', told)
    },
    audit: (entry: LedgerEntry): void => keeper.ledger.append(entry),
    recordEvent: (entry: LedgerEntry): void => keeper.recordEvent(entry),
  }
}

function queryCalls(keeper: Keeper, storeFile: string) {
  return {
    status() {
      keeper.refusals.tryFlush()
      const { segments, records } = keeper.store.segments.totals()
      return {
        segments,
        records: records + keeper.writer.openRecords(),
        bytes: sizeOf(storeFile) + sizeOf(`${storeFile}-wal`),
        counters: keeper.store.counters.all(),
        auditLeaves: keeper.audit.size(),
        unreadNotifications: keeper.store.notifications.unread(keeper.deps.clock.now()),
        lost: lostByOwner(keeper.store),
        corrupt: keeper.damage.list(),
      }
    },
    traceShow(text: string, { attributes, links = false, timeoutMs }: TraceShowOptions, signal?: AbortSignal) {
      const limits = { signal, timeoutMs }
      return keeper.turns.run(function* () {
        requireView(keeper, 'traces')
        const traceId = findTrace(text, keeper.records)
        if (traceId === undefined) return undefined
        const investigation = yield* marksOfTrace(keeper, traceId)
        const options = { attributes, links: links ? keeper.search : undefined, investigation }
        const trace = yield* stitchTrace(traceId, queryDeps(keeper), options)
        return trace && moved(trace)
      }, limits)
    },
    auditList: (fromSeq: number, limit: number) => keeper.audit.list({ fromSeq, limit }),
    auditVerify() {
      const verdict = keeper.vouching.verifyAudit()
      if (!verdict.ok) keeper.notices.raise('security.not-verified', {})
      return verdict
    },
  }
}

function controlCalls(keeper: Keeper, book: PluginBook) {
  const { consents, members, store } = keeper
  return {
    view: () => keeper.view(),
    setStage: (to: Stage, fate?: KeptFate) => keeper.setStage(to, fate),
    dropAbove: () => keeper.dropAbove(),
    setting: (name: string): unknown => store.settings.get(name),
    setSetting: (name: string, value: unknown): void => store.settings.set(name, value),
    modules: () => store.modules.all(),
    addModule: (name: string, record: unknown): void => store.modules.insert(name, record),
    /** The leaf comes first (docs/spec/audit.md AU16): whatever a module may or is to do, the log says who let it. */
    changeModule(name: string, record: unknown, entry: LedgerEntry): void {
      keeper.ledger.append(entry)
      store.modules.set(name, record)
      book.forget(name)
    },
    removeModule(name: string): boolean {
      book.forget(name)
      store.pluginRefusals.forget(name)
      return store.modules.delete(name)
    },

    grant(request: GrantRequest) {
      requireGate(decideExit(keeper.stage, 'share'), keeper.stage)
      if (keeper.vouching.alarms().length > 0) {
        throw new AlarmError('POLICY_ALARM', 'an alarm stands: see aico-mesh status, then aico-mesh audit accept')
      }
      return consents.grant(request)
    },
    acceptAlarms: () => keeper.acceptAlarms(),
    revoke: (grantId: GrantId) => consents.revoke(grantId),
    revokeAllTo: (recipient: DeviceId) => consents.revokeAllTo(recipient),
    grants: () =>
      consents
        .records()
        .map((record) => ({ ...record, state: grantState(record, keeper.shareViews.of(record.grant.owner)) })),
    consentHistory: () => consents.history(),
    removeMember: (device: DeviceId) => members.remove(device),
    formerMembers: () => members.formerMembers(),
    memberHistory: (limit: number) =>
      members.history(limit).map((event) => ({
        ...event,
        learnedAt: keeper.audit.timeOfObject('membership', event.op.opId),
      })),
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
