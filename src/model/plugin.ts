/** Plugins: programs of third parties, which may do what their manifest says and the person approved, and nothing else. */
import type { Signal } from './lane.ts'
import type { ReportKind } from './report-kind.ts'

/** What a plugin asks for (docs/spec/plugins.md). Names of limits are OpenTelemetry's where it has one. */
export interface PluginManifest {
  readonly v: 1
  /** Its module name on the bus. */
  readonly name: string
  /** As a person reads it. */
  readonly title: string
  /** Prefixes of the topics it may publish. */
  readonly publish: readonly string[]
  /** Prefixes of the topics it may subscribe to. */
  readonly subscribe: readonly string[]
  readonly signals: readonly Signal[]
  /** Whether it may audit, and speak to the person. */
  readonly reports: readonly ReportKind[]
  /** Keys that its records may have, or all below a name: `weather.*`. */
  readonly attributes: readonly string[]
  readonly attributeCountLimit: number
  /** In characters; bytes for what is no text. */
  readonly attributeValueLengthLimit: number
  /** Most metric series within an hour. */
  readonly cardinalityLimit: number
  readonly recordsPerMinute: number
}

/** What the person approved; kept with the module's keys. */
export interface ApprovedPlugin {
  readonly manifest: PluginManifest
  /** Of the manifest as it is written out, in hex: what was approved is what is enforced. */
  readonly sha256: string
  readonly approvedUnixMs: number
  readonly isDisabled: boolean
}

/** Topics that the agent alone speaks under. */
const AGENT_TOPICS = ['notifications', 'aico-mesh'] as const

/** Whether a topic, or everything that begins with a prefix, is the agent's. */
export function isAgentTopic(topic: string): boolean {
  return AGENT_TOPICS.some((own) => topic === own || topic.startsWith(`${own}/`) || topic.startsWith(`${own}.`))
}

/** Keys that say who somebody is: the agent knows that from credentials, and takes no plugin's word for it. */
const IDENTITY = ['service', 'user', 'enduser', 'host', 'device', 'aico.module', 'aico.device', 'aico.plugin'] as const

export function isIdentityKey(key: string): boolean {
  return IDENTITY.some((own) => key === own || key.startsWith(`${own}.`))
}
