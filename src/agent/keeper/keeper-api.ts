/**
 * What the main thread may ask of the keeper. Arguments and results are plain data: they cross a thread by structured
 * clone. Every function answers after the commit it stands for.
 */
import { statSync } from 'node:fs'
import { MeshError } from '../../base/errors.ts'
import { type DeviceId, type GrantId, type OpId } from '../../model/ids.ts'
import type { Stage } from '../../model/stage.ts'
import { grantState } from '../../policy/grant-state.ts'
import { decideExit } from '../../policy/stage-gate.ts'
import type { KeptFate } from '../../policy/stage-change.ts'
import { findTrace } from '../../query/find-trace.ts'
import { stitchTrace } from '../../query/stitch-trace.ts'
import type { AddressRow } from '../../wire/sync-message-types.ts'
import type { PeerMemory } from '../../store/small-tables.ts'
import type { GrantRequest } from '../../sync/consent-service.ts'
import type { LedgerEntry } from '../../sync/ledger.ts'
import type { InviterState, JoinerState } from '../../sync/pairing/pairing-service.ts'
import type { Sealed } from '../../sync/serving.ts'
import type { HeadRow, LogRange } from '../../wire/log-rows.ts'
import type { PairAccept, PairJoin, PairOffer } from '../../wire/pair-messages.ts'
import { moved, type Callable } from '../worker-port.ts'
import { BusIntake, type BusTelemetry } from './bus-intake.ts'
import { lostByOwner } from './damage-report.ts'
import { IntakeTurns } from './intake-turns.ts'
import type { Keeper } from './keeper.ts'
import { startsFailed } from './told-by-code.ts'
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
    ...tailCalls(keeper),
    ...transferCalls(keeper),
    ...controlCalls(keeper, book),
    ...syncCalls(keeper),
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
        const options = { attributes, links: links ? keeper.search : undefined }
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
  const { consents, members, pairing, store } = keeper
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

    pairInvite: (addresses: readonly string[]) => pairing.invite(addresses),
    pairOpen: (): boolean => pairing.isOpen(),
    pairStart: (ticket: string) => pairing.startJoin(ticket),
    pairAnswerJoin: (join: PairJoin, remotePeerKey: Uint8Array) => pairing.answerJoin(join, remotePeerKey),
    pairAnswerOffer: (state: JoinerState, offer: PairOffer) => pairing.answerOffer(state, offer),
    pairFinish: (state: InviterState, accept: PairAccept) => pairing.finish(state, accept),
    pairComplete: (state: JoinerState, offer: PairOffer, accept: PairAccept) => pairing.complete(state, offer, accept),
    pairFailed: (code: string): void => pairing.recordFailure(code),
  }
}

function syncCalls(keeper: Keeper) {
  const { consents, members, serving, receiving, restoring, peers, addresses, card } = keeper
  return {
    setConnected: (devices: readonly DeviceId[]): void => keeper.setConnected(devices),
    peer: (device: DeviceId) => ({ known: peers.get(device), refused: peers.refusedOf(device) }),
    rememberPeer: (device: DeviceId, news: Partial<Omit<PeerMemory, 'deviceId'>>): void => peers.remember(device, news),
    addressesOf: (device: DeviceId) => addresses.toTry(device),
    addressesToTell: (to: DeviceId) => addresses.toTell(to),
    takeAddresses: (from: DeviceId, rows: readonly AddressRow[]): void => addresses.take(from, rows),

    membershipDigest: () => members.digest(),
    memberOpIds: () => members.opIds(),
    memberOpsBeyond: (known: readonly OpId[]) => members.opsBeyond(new Set(known)),
    acceptMemberOps: (ops: readonly Uint8Array[]) => members.accept(ops),

    controlHeads: (peer: DeviceId) => ({
      mine: consents.head(card.deviceId, peer),
      yours: consents.head(peer, card.deviceId),
    }),
    controlEntries(peer: DeviceId, fromSeq: number) {
      keeper.notePeerHolds(peer, fromSeq)
      return consents.entriesFor(peer, fromSeq)
    },
    async acceptControlEntries(peer: DeviceId, entries: readonly Uint8Array[]) {
      const isNew = await consents.receive(peer, entries)
      if (isNew) receiving.resume(peer)
      return isNew
    },

    digestFor: (peer: DeviceId) => serving.digestFor(peer),
    async rowsFor(peer: DeviceId) {
      await keeper.handedOver()
      return serving.rowsFor(peer)
    },
    readRun: (peer: DeviceId, range: LogRange, budgetBytes: number) => serving.read(peer, range, budgetBytes),
    digestOf: (peer: DeviceId) => receiving.digestOf(peer),
    takeOffer: (peer: DeviceId, rows: readonly HeadRow[]) => receiving.offer(peer, rows),
    planWants(peer: DeviceId, denied?: LogRange) {
      if (denied) receiving.setAside(denied)
      return receiving.plan(peer)
    },
    takeRun: (peer: DeviceId, range: LogRange, segments: readonly Sealed[]): void =>
      receiving.take(peer, range, segments),
    planRestore(peer: DeviceId, denied?: LogRange) {
      if (denied) restoring.setAside(peer, denied)
      return restoring.plan(peer)
    },
    takeRestored: (peer: DeviceId, range: LogRange, segments: readonly Sealed[]): void =>
      restoring.take(peer, range, segments),
    forgetOffer(peer: DeviceId): void {
      receiving.forget(peer)
      restoring.forget(peer)
    },
    /** @param by who sent it; somebody who is not known is only counted */
    refused: (code: string, by?: DeviceId): void =>
      by === undefined ? keeper.refusals.add('sync', code) : keeper.refusedOf(code, by),
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
