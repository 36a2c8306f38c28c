/** What an agent is started with. Everything else is in its home. */
import type { Worker } from 'node:worker_threads'
import type { Logger } from '../base/logger.ts'
import type { Discovery } from '../sync/discovery.ts'
import type { Libp2pNetworkOptions } from '../sync/links/libp2p-network.ts'

export interface AgentConfig {
  /** Folder of the device. */
  readonly home: string
  readonly passphrase: string | undefined
  readonly log: Logger
  /** Without it no port, bus or mesh is opened: for a command that changes a setting while no agent runs. */
  readonly isOnline: boolean
  /** Wanted OTLP port; a free one is taken if it is in use. Default 4318. */
  readonly otlpPort?: number
  /** Whether the device and the agent's process are measured, at a stage that collects that. Default true. */
  readonly hostMetrics?: boolean
  /** A damaged audit log is kept beside a new one that begins now. Default: the start fails. */
  readonly setAuditAside?: boolean
  /** Called when somebody asks the agent to stop, through its socket. */
  readonly onStop: () => void
  /** Called when the agent has to end by itself: its store is gone. */
  readonly onFatal: (err: unknown) => void
  /** One that was begun already, and has not been used. */
  readonly keeperThread?: Worker
  /** For tests in the same process only: a tap on the bytes before Noise. */
  readonly network?: Libp2pNetworkOptions
  /** For tests in the same process only: what finds devices instead of multicast. */
  readonly createDiscovery?: () => Discovery
}
