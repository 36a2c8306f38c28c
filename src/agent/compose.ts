/**
 * The composition root: the only place that makes services and adapters and knows how they fit. What is wired here is
 * told apart by the rooms it comes from; decisions are policy's, work is the services'.
 */
import { randomBytes } from 'node:crypto'
import { codeOf } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Service } from '../base/service.ts'
import { startAll } from '../base/service.ts'
import { networkAddresses } from '../platform/network-addresses.ts'
import { nodeClock } from '../platform/node-clock.ts'
import { desktopNotifier } from '../platform/desktop-notifier.ts'
import { nodeCrypto } from '../platform/node-crypto.ts'
import { hpkePublicKey } from '../platform/hpke.ts'
import { decideEndpoint } from '../policy/stage-gate.ts'
import { Bus } from '../bus/bus.ts'
import { AgentState } from './agent-state.ts'
import type { AgentConfig } from './config.ts'
import { DevtoolsInlet } from './devtools-inlet.ts'
import { DevtoolsProcess } from './devtools-process.ts'
import { layOutHome, makePrivateFolder, narrowHome, type Home } from '../platform/home.ts'
import { forgetFailedStarts, noteFailedStart, readFailedStarts } from './failed-starts.ts'
import { HomeLockError, lockHome } from './home-lock.ts'
import { CliToken, findLiveAgent } from './cli-token.ts'
import { HealthBook } from './health/health-book.ts'
import { HealthService } from './health/health-service.ts'
import { ModuleHealth } from './health/module-health.ts'
import { HostSampler } from './host-metrics/host-sampler.ts'
import { HttpServer } from './http-server.ts'
import { IntakeGate } from './intake-gate.ts'
import type { BusTelemetry } from './keeper/bus-intake.ts'
import { KeeperClient } from './keeper-client.ts'
import { openKeyFile, readKeyStore, type DeviceKeys } from './key-file.ts'
import { carryStore, meshStore } from './mesh-store.ts'
import { currentMeshView } from './mesh-view.ts'
import { MeshHost } from './mesh-host.ts'
import { ModuleRegistry } from './module-registry.ts'
import { Notifier } from './notifier.ts'
import { PluginDesk } from './plugins/plugin-desk.ts'
import { PluginGuard } from './plugins/plugin-guard.ts'
import { agentRoutes } from './routes.ts'
import { StageSwitch } from './stage-switch.ts'

export interface Agent {
  readonly state: AgentState
  /** Calls a route without a socket: what a command uses while no agent runs. */
  readonly routes: ReturnType<typeof agentRoutes>
  stop(): Promise<void>
}

/** @throws {KeyFileError}, {HomeLockError}, {StoreError}, {BusError}: nothing stays open then */
export async function startAgent(config: AgentConfig): Promise<Agent> {
  try {
    return await openAgent(config)
  } catch (err) {
    noteFailedStart(config.home, codeOf(err))
    throw err
  }
}

async function openAgent(config: AgentConfig): Promise<Agent> {
  const { log } = config
  const home = layOutHome(config.home)
  const keyStore = readKeyStore(config.home)
  const unlock = await lockForAgent(home)
  try {
    const wide = narrowHome(home)
    if (wide.length > 0) log.warn({ paths: wide }, 'others could read these files; now only you can')
    const keys = await openKeyFile(nodeCrypto, config.home, config.passphrase)
    makePrivateFolder(home.runFolder)
    const parts = await wire(config, home, keys, keyStore)
    await countFailedStarts(config.home, parts.keeper, log)
    const stopAll = await startAll(parts.services, log)
    return {
      state: parts.state,
      routes: parts.routes,
      async stop() {
        await stopAll()
        unlock()
      },
    }
  } catch (err) {
    unlock()
    throw err
  }
}

/** What failed while there was nothing to count in; it waits for the next start if the disk does not take it now. */
async function countFailedStarts(home: string, keeper: KeeperClient, log: Logger): Promise<void> {
  const counts = readFailedStarts(home)
  if (Object.keys(counts).length === 0) return
  try {
    await keeper.call('startsFailed', counts)
    forgetFailedStarts(home)
  } catch (err) {
    log.warn({ code: codeOf(err) }, 'failed starts could not be counted')
  }
}

/** Waits for a predecessor that is ending; one that goes on is no reason to wait. */
async function lockForAgent(home: Home): Promise<() => void> {
  if (await findLiveAgent(home))
    throw new HomeLockError('HOME_IN_USE', 'an agent is running in this home: see `aico-mesh status`')
  return lockHome(home.lockFile)
}

async function wire(config: AgentConfig, home: Home, keys: DeviceKeys, keyStore: ReturnType<typeof readKeyStore>) {
  const { log, isOnline } = config
  const tokens = { cli: newToken(), devtools: newToken() }
  const gate = new IntakeGate()
  const devtools = new DevtoolsProcess(
    { log, clock: nodeClock },
    {
      socketPath: home.socketFile,
      token: tokens.devtools,
      ...(config.otlpPort === undefined ? {} : { port: config.otlpPort }),
    },
  )
  const notifier = new Notifier({
    log,
    keeper: () => keeper,
    publish: (publication) => bus.publishOwn(publication),
    desktop: desktopNotifier({ clock: nodeClock, platform: process.platform, env: process.env }),
  })
  const keeper: KeeperClient = await KeeperClient.start(
    {
      storeFile: home.storeFile,
      auditFile: home.auditFile,
      keys,
      keyStore,
      sealPublicKey: hpkePublicKey(keys.seal),
      setAuditAside: config.setAuditAside ?? false,
    },
    log,
    {
      onStage: (stage) => {
        if (isOnline && decideEndpoint(stage, 'otlp').allow) devtools.begin()
      },
      onView: () =>
        void mesh.update().catch((err: unknown) => log.error({ err }, 'the mesh could not follow a change')),
      onRecords: () => mesh.notify(),
      onTold: (told) => notifier.tell(told),
      onGone: () => config.onFatal(new Error('the store thread has ended')),
    },
    config.keeperThread,
  )
  const meshView = currentMeshView(() => keeper.view(), nodeClock)
  const mesh = new MeshHost({
    log,
    clock: nodeClock,
    crypto: nodeCrypto,
    peerSeed: keys.peer,
    store: { ...meshStore(keeper), carry: carryStore(keeper) },
    view: () => keeper.view(),
    meshView,
    createNetwork: async (deps) => {
      const { Libp2pNetwork } = await import('../sync/links/libp2p-network.ts')
      return new Libp2pNetwork(deps, config.network)
    },
    networkAddresses,
    createDiscovery: async () => {
      if (config.createDiscovery) return config.createDiscovery()
      const { BonjourDiscovery } = await import('../sync/discovery/bonjour.ts')
      return new BonjourDiscovery({ log, clock: nodeClock, crypto: nodeCrypto })
    },
  })
  const registry = new ModuleRegistry(await keeper.call('modules'), home)
  const book = new HealthBook()
  const take = (batch: BusTelemetry) => gate.pass(batch.bytes.length, () => takeBus(keeper, batch))
  const guard = new PluginGuard({
    log,
    clock: nodeClock,
    keeper,
    registry,
    take,
    onPersistentRefusal: (plugin) => notifier.raise('plugin.refused', { plugin }),
  })
  const bus = new Bus(
    {
      log,
      clock: nodeClock,
      modules: { list: () => registry.enabled() },
      access: guard,
      telemetry: guard.telemetry,
      reports: guard.reports,
    },
    {
      dir: home.busFolder,
      stage: keeper.view().stage,
      onRefused: (name) => recordRefusal(keeper, name, log),
      onNotAllowed: (name) => guard.notAllowed(name),
      health: new ModuleHealth(book, () => Math.floor(nodeClock.now())),
    },
  )
  const { sha256 } = nodeCrypto
  const plugins = new PluginDesk({ keeper, registry, bus, isOnline, sha256, clock: nodeClock })
  const keep = (bytes: Uint8Array): Promise<void> => keeper.call('takeOwn', 'metrics', bytes)
  const peers = async () => (await state.peers()).peers
  const sampler =
    (config.hostMetrics ?? true) ? new HostSampler({ log, clock: nodeClock, keep, peers }, config.home) : undefined
  const stages = new StageSwitch({ keeper, bus, devtools, mesh, sampler, isOnline })
  const health = new HealthService({ clock: nodeClock, keeper, bus, devtools, mesh, book }, config.home)
  const state = new AgentState({ keeper, keyStore, bus, registry, mesh, devtools, clock: nodeClock })
  const routes = agentRoutes({
    keeper,
    state,
    mesh,
    registry,
    plugins,
    refusals: guard.refusals,
    bus,
    stages,
    gate,
    health,
    notifier,
    isOnline,
    stop: config.onStop,
  })
  const inlet = new DevtoolsInlet({ log, clock: nodeClock, keeper, gate, health })
  const http = new HttpServer(
    { log, clock: nodeClock },
    { socketFile: home.socketFile, routes, links: [inlet], tokens },
  )
  const store: Service = { name: 'agent.keeper', start: async () => undefined, stop: () => keeper.close() }
  // Its leaf comes before anything can come in or leave, and the other one after everything has ended.
  const record: Service = {
    name: 'agent.record',
    start: () => state.recordStart(),
    stop: () => state.recordStop(),
  }
  // The token is the last to come and the first to go: whoever finds it talks to an agent that is whole.
  const token = new CliToken(home, tokens.cli)
  const services = isOnline ? [store, record, guard, bus, notifier, http, mesh, stages, token] : [store]
  return { services, state, routes, keeper }
}

/** libzmq's memory cannot be handed to another thread: one copy, which can. */
function takeBus(keeper: KeeperClient, batch: BusTelemetry) {
  const bytes = new Uint8Array(batch.bytes)
  return keeper.callMoving([bytes.buffer], 'takeBus', { ...batch, bytes })
}

function recordRefusal(keeper: KeeperClient, module: string, log: Logger): void {
  const actor = { kind: 'module', ref: module } as const
  keeper
    .call('audit', { type: 'module.refused', outcome: 'denied', actor, object: actor, payload: { module } })
    .catch((err: unknown) => log.error({ err, module }, 'a refusal could not be recorded'))
}

function newToken(): string {
  return randomBytes(32).toString('base64url')
}
