/** What the agent says of itself: status, devices, peers. Answers are the plain types of http-types/. */
import type { Clock } from '../base/clock.ts'
import type { DeviceId } from '../model/ids.ts'
import { clockAt, clockDrift } from '../model/clock-history.ts'
import type { Bus } from '../bus/bus.ts'
import { standingOf } from '../policy/decide-removal.ts'
import type { DevtoolsProcess } from './devtools-process.ts'
import type {
  DamagedView,
  DeviceList,
  MembershipEventView,
  ModuleView,
  PeerClockView,
  PeerDetailView,
  PeersView,
  PeerView,
  RemovedByView,
  StatusView,
} from './http-types/device.ts'
import { findDevice } from './find-device.ts'
import type { LostOfOwner } from './keeper/damage-report.ts'
import type { KeeperClient } from './keeper-client.ts'
import type { KeyStore } from './key-file.ts'
import { toMembershipEventView } from './membership-event-view.ts'
import type { MeshHost } from './mesh-host.ts'
import { ModuleError, type ModuleRegistry } from './module-registry.ts'
import { toAlarmView } from './alarm-view.ts'
import { VERSION } from './version.ts'

export interface AgentStateDeps {
  readonly keeper: KeeperClient
  readonly keyStore: KeyStore
  readonly clock: Clock
  readonly bus: Bus
  readonly registry: ModuleRegistry
  readonly mesh: MeshHost
  readonly devtools: DevtoolsProcess
}

/** The line that `start` prints when the agent is ready. */
export interface ReadyEvent {
  readonly event: 'ready'
  readonly deviceId: string
  readonly mesh: readonly string[]
  readonly otlp: string | null
}

export class AgentState {
  readonly #deps: AgentStateDeps
  readonly #startedMs: number

  constructor(deps: AgentStateDeps) {
    this.#deps = deps
    this.#startedMs = deps.clock.monotonic()
  }

  /** Base URL for OTLP without a path; null while nothing takes it. */
  otlp(): string | null {
    return this.#deps.devtools.url() ?? null
  }

  ready(): ReadyEvent {
    const { keeper, mesh } = this.#deps
    return {
      event: 'ready',
      deviceId: keeper.view().self.deviceId,
      mesh: mesh.listening(),
      otlp: this.otlp(),
    }
  }

  async status(): Promise<StatusView> {
    const { keeper, keyStore, clock, registry, mesh } = this.#deps
    const { self, stage, held, fullSinceUnixMs, alarms } = keeper.view()
    const { segments, records, bytes, counters, lost, corrupt, unreadNotifications } = await keeper.call('status')
    return {
      deviceId: self.deviceId,
      name: self.name,
      stage,
      keyStore,
      version: VERSION,
      uptimeMs: Math.round(clock.monotonic() - this.#startedMs),
      store: { segments, records, bytes },
      mesh: { listening: mesh.listening(), peers: await this.#peersInBrief() },
      removedBy: await this.#removedBy(),
      modules: registry.list().map(({ name }) => name),
      otlp: this.otlp(),
      held: held ?? null,
      corrupt,
      diskFullSinceUnixMs: fullSinceUnixMs ?? null,
      counters,
      alarms: alarms.map(toAlarmView),
      damaged: await this.#damaged(lost),
      unreadNotifications,
    }
  }

  async devices(): Promise<DeviceList> {
    const { keeper } = this.#deps
    const { membership, self } = keeper.view()
    const removedBy = await this.#removedBy()
    const others = await this.#others()
    const devices = [...membership.members.values()].map(({ card, addedBy, addedUnixMs }) => {
      const other = others.find((each) => each.deviceId === card.deviceId)
      return {
        deviceId: card.deviceId,
        name: card.name,
        self: card.deviceId === self.deviceId,
        connected: other?.connected ?? true,
        lastSeenUnixMs: other?.lastSeenUnixMs ?? null,
        addedBy: addedBy === card.deviceId ? null : addedBy,
        addedAt: new Date(addedUnixMs).toISOString(),
      }
    })
    const listed = removedBy === null ? devices : []
    const former = (await this.#onceKnown()).filter(
      ({ deviceId }) => !listed.some((each) => each.deviceId === deviceId),
    )
    return { devices: listed, removedBy, former }
  }

  /** Who took in and removed whom, the newest `limit`, the oldest first; also on a device that was removed. */
  async deviceHistory(limit: number): Promise<readonly MembershipEventView[]> {
    const names = new Map((await this.#onceKnown()).map(({ deviceId, name }) => [deviceId, name]))
    const nameOf = (device: DeviceId): string | null => names.get(device) ?? null
    const events = await this.#deps.keeper.call('memberHistory', limit)
    return events.map((event) => toMembershipEventView(event, nameOf))
  }

  /** Whoever is not a member any more has no peers, though it still knows who the members are. */
  async peers(): Promise<PeersView> {
    const removedBy = await this.#removedBy()
    return { peers: removedBy === null ? await this.#others() : [], removedBy }
  }

  /** @throws {FindDeviceError} for what is no other member */
  async peer(device: string): Promise<PeerClockView> {
    const { keeper } = this.#deps
    const { peers } = await this.peers()
    const { members } = keeper.view().membership
    const cards = peers.flatMap(({ deviceId }) => members.get(deviceId as DeviceId)?.card ?? [])
    const deviceId = findDevice(cards, device)
    const { clockHistory } = (await keeper.call('peer', deviceId)).known
    return {
      ...(peers.find((peer) => peer.deviceId === deviceId) as PeerDetailView),
      drift: clockDrift(clockHistory) ?? null,
      clockHistory: clockHistory.map(({ isStep, ...point }) => ({ ...point, step: isStep })),
    }
  }

  async #peersInBrief(): Promise<readonly PeerView[]> {
    return (await this.peers()).peers.map(({ deviceId, name, connected, lastSeenUnixMs }) => ({
      deviceId,
      name,
      connected,
      lastSeenUnixMs,
    }))
  }

  async #damaged(lost: readonly LostOfOwner[]): Promise<readonly DamagedView[]> {
    if (lost.length === 0) return []
    const { self } = this.#deps.keeper.view()
    const known = await this.#onceKnown()
    return lost.map(({ deviceId, segments, records }) => ({
      deviceId,
      name: known.find((device) => device.deviceId === deviceId)?.name ?? null,
      self: deviceId === self.deviceId,
      segments,
      records,
    }))
  }

  async #removedBy(): Promise<RemovedByView | null> {
    const { self, membership } = this.#deps.keeper.view()
    const standing = standingOf(membership, self.deviceId)
    if (standing.is === 'member') return null
    const { by = null, atUnixMs } = standing.removal ?? {}
    return {
      deviceId: by,
      name: (await this.#onceKnown()).find(({ deviceId }) => deviceId === by)?.name ?? null,
      self: by === self.deviceId,
      at: atUnixMs === undefined ? null : new Date(atUnixMs).toISOString(),
    }
  }

  /** Every device that is or was in a mesh with this one, and this one. */
  async #onceKnown(): Promise<readonly { readonly deviceId: string; readonly name: string }[]> {
    const { keeper } = this.#deps
    const { self, membership } = keeper.view()
    const members = [...membership.members.values()].map(({ card }) => card)
    const cards = [self, ...members, ...(await keeper.call('formerMembers'))]
    const names = new Map(cards.map(({ deviceId, name }) => [deviceId, name]))
    return [...names].map(([deviceId, name]) => ({ deviceId, name }))
  }

  /** One row for every other member, connected or not, whether or not the mesh is open. */
  async #others(): Promise<readonly PeerDetailView[]> {
    const { keeper, mesh, clock } = this.#deps
    const { membership, self } = keeper.view()
    const live = new Map(mesh.peers().map((peer) => [peer.deviceId, peer]))
    const others = [...membership.members.values()].filter(({ card }) => card.deviceId !== self.deviceId)
    return Promise.all(
      others.map(async ({ card }) => {
        const { known, refused } = await keeper.call('peer', card.deviceId)
        const session = live.get(card.deviceId)
        const connected = session?.connected ?? false
        return {
          deviceId: card.deviceId,
          name: card.name,
          connected,
          lastSeenUnixMs: connected ? Math.floor(clock.now()) : floorOrNull(known.lastSeenUnixMs),
          pendingSegments: known.pending,
          syncedUnixMs: floorOrNull(known.syncedUnixMs),
          clock: clockAt(known.clockHistory, clock.now()) ?? null,
          roundTripMs: known.clock?.roundTripMs ?? null,
          refused,
          segmentsIn: session?.segmentsIn ?? 0,
          segmentsOut: session?.segmentsOut ?? 0,
          bytesIn: session?.bytesIn ?? 0,
          bytesOut: session?.bytesOut ?? 0,
          total: session?.total ?? { segmentsIn: 0, segmentsOut: 0, bytesIn: 0, bytesOut: 0 },
        }
      }),
    )
  }

  modules(): readonly ModuleView[] {
    const { registry, bus } = this.#deps
    const live = new Map(bus.modules().map((module) => [module.name, module]))
    return registry.list().map(({ name, recording = [] }) => ({
      module: name,
      credential: registry.credentialFile(name),
      endpoint: live.get(name)?.endpoint ?? null,
      sessions: live.get(name)?.sessions ?? 0,
      droppedMessages: live.get(name)?.counters.droppedMessages ?? 0,
      recording: recording.map(({ topic, level = null, sample = null }) => ({ topic, level, sample })),
    }))
  }

  /** @throws {ModuleError} `MODULE_UNKNOWN` */
  module(name: string): ModuleView {
    const view = this.modules().find(({ module }) => module === name)
    if (view === undefined) throw new ModuleError('MODULE_UNKNOWN', 'there is no module of this name')
    return view
  }

  recordStart(): Promise<void> {
    return this.#record('agent.started')
  }

  recordStop(): Promise<void> {
    return this.#record('agent.stopped')
  }

  #record(type: 'agent.started' | 'agent.stopped'): Promise<void> {
    const { keeper } = this.#deps
    const ref = keeper.view().self.deviceId
    return keeper.call('recordEvent', {
      type,
      outcome: 'success',
      actor: { kind: 'device', ref },
      object: { kind: 'device', ref },
      payload: { version: VERSION },
    })
  }
}

function floorOrNull(value: number | undefined): number | null {
  return value === undefined ? null : Math.floor(value)
}
