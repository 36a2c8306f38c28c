/**
 * What becomes of an attribute of a plugin's record. Pure; rules: docs/spec/plugins.md. An allow-list: a key that is named
 * nowhere does not pass.
 */
import { isIdentityKey, type PluginManifest } from '../../model/plugin.ts'

export type AttributeDecision =
  | 'keep'
  /** It must be the plugin's own name. */
  | 'own-name'
  /** It is marked as one of the plugin's own sessions. */
  | 'own-session'
  /** It says who somebody is. */
  | 'identity'
  | 'undeclared'

/** What the SDK puts on records by itself, or on those of errors and messages. */
const ALWAYS: ReadonlySet<string> = new Set([
  'service.version',
  'service.instance.id',
  'error.type',
  'aico.bus.source',
  'aico.topic',
  'aico.trace.legacy_id',
  'otel.metric.overflow',
])
const ALWAYS_BELOW = ['telemetry.sdk.', 'exception.', 'code.', 'messaging.'] as const

/** A function for one manifest, so that each key is one look-up. */
export function attributeRule({ attributes }: Pick<PluginManifest, 'attributes'>): (key: string) => AttributeDecision {
  const exact = new Set(attributes.filter((key) => !key.endsWith('.*')))
  const below = attributes.filter((key) => key.endsWith('.*')).map((key) => key.slice(0, -1))
  return (key) => {
    if (key === 'service.name') return 'own-name'
    if (key === 'session.id' && !exact.has(key)) return 'own-session'
    if (ALWAYS.has(key) || isBelow(key, ALWAYS_BELOW)) return 'keep'
    if (isIdentityKey(key)) return 'identity'
    return exact.has(key) || isBelow(key, below) ? 'keep' : 'undeclared'
  }
}

/** First words of events that the agent alone records. */
const AGENT_EVENTS = ['audit', 'consent'] as const

export function isAgentEvent(name: string): boolean {
  const lower = name.trim().toLowerCase()
  return AGENT_EVENTS.some((own) => lower === own || lower.startsWith(`${own}.`))
}

function isBelow(key: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => key.startsWith(prefix))
}
