/** What the command line needs of the agent's own process; given to it by the entry, so that it imports nothing of it. */

/** Said once, when the agent can be asked. */
export interface ReadyEvent {
  readonly event: 'ready'
  readonly deviceId: string
  readonly mesh: readonly string[]
  readonly otlp: string | null
}

export interface AgentHost {
  initDevice(options: {
    readonly home: string
    readonly name: string
    readonly keyStore: 'file' | 'passphrase'
    readonly passphrase: string | undefined
  }): Promise<{ readonly deviceId: string; readonly name: string; readonly keyStore: string }>
  runAgent(options: {
    readonly home: string
    readonly passphrase: string | undefined
    readonly logLevel: string
    readonly otlpPort: number | undefined
    readonly hostMetrics: boolean
    readonly onReady: (event: ReadyEvent) => void
    readonly signal: AbortSignal
  }): Promise<void>
  callOffline(call: {
    readonly home: string
    readonly passphrase: string | undefined
    readonly method: 'GET' | 'POST' | 'DELETE'
    readonly path: string
    readonly body: unknown
    /** Whether a damaged audit log is kept beside a new one first. Default false. */
    readonly setAuditAside?: boolean
  }): Promise<{ readonly status: number; readonly json: unknown }>
  /** The recorded choice of a home. */
  readKeyStore(home: string): Promise<'file' | 'passphrase'>
}
