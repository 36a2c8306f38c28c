/**
 * What is audited, with the severity and retention each type has by default. Names are stable: they are inside hashes.
 * A new type is added here; a reader keeps leaves whose type it does not know.
 */

/** Classes of retention: how many days the payload of a leaf is kept. The leaf itself stays. */
export const RETENTION_DAYS = { 'ops-90d': 90, 'security-1y': 365, 'consent-3y': 1095 } as const
export type Retention = keyof typeof RETENTION_DAYS

export const SEVERITIES = ['info', 'notice', 'warn', 'alert'] as const
export type Severity = (typeof SEVERITIES)[number]

export const OUTCOMES = ['success', 'failure', 'denied'] as const
export type Outcome = (typeof OUTCOMES)[number]

interface TypeDefaults {
  readonly severity: Severity
  readonly retention: Retention
}

const DEFAULTS = {
  'agent.started': { severity: 'info', retention: 'ops-90d' },
  'agent.stopped': { severity: 'info', retention: 'ops-90d' },
  'device.created': { severity: 'notice', retention: 'security-1y' },
  'stage.changed': { severity: 'notice', retention: 'security-1y' },
  'pairing.invited': { severity: 'notice', retention: 'security-1y' },
  'pairing.completed': { severity: 'notice', retention: 'security-1y' },
  'pairing.failed': { severity: 'warn', retention: 'security-1y' },
  'membership.added': { severity: 'notice', retention: 'security-1y' },
  'membership.removed': { severity: 'notice', retention: 'security-1y' },
  /** This device's owner let another device see or carry. */
  'consent.granted': { severity: 'notice', retention: 'consent-3y' },
  'consent.revoked': { severity: 'notice', retention: 'consent-3y' },
  /** Another owner let this device see or carry. */
  'consent.received': { severity: 'notice', retention: 'consent-3y' },
  /** Another owner took back what was let to this device. */
  'consent.withdrawn': { severity: 'notice', retention: 'consent-3y' },
  'key.created': { severity: 'info', retention: 'security-1y' },
  'key.wrapped': { severity: 'info', retention: 'security-1y' },
  'key.received': { severity: 'info', retention: 'security-1y' },
  'key.destroyed': { severity: 'notice', retention: 'security-1y' },
  'module.added': { severity: 'notice', retention: 'security-1y' },
  /** What it is to record. */
  'module.changed': { severity: 'notice', retention: 'security-1y' },
  'module.removed': { severity: 'notice', retention: 'security-1y' },
  'module.refused': { severity: 'warn', retention: 'security-1y' },
  /** What a module says happened, in its own words: in the payload. */
  'module.reported': { severity: 'info', retention: 'security-1y' },
  /** The person read what a plugin may do, and said yes. */
  'plugin.approved': { severity: 'notice', retention: 'security-1y' },
  'plugin.enabled': { severity: 'notice', retention: 'security-1y' },
  'plugin.disabled': { severity: 'notice', retention: 'security-1y' },
  'plugin.removed': { severity: 'notice', retention: 'security-1y' },
  /** It did what it may not; merged (docs/spec/plugins.md). */
  'plugin.refused': { severity: 'warn', retention: 'security-1y' },
  'endpoint.opened': { severity: 'notice', retention: 'security-1y' },
  'endpoint.closed': { severity: 'info', retention: 'security-1y' },
  /** Records went to a file of the person's own: out of the encrypted store, and out of what a revocation can delete. */
  'data.exported': { severity: 'notice', retention: 'security-1y' },
  'data.purged': { severity: 'notice', retention: 'security-1y' },
  /** How long, and how much of it, this device keeps what it records and receives. */
  'retention.changed': { severity: 'notice', retention: 'security-1y' },
  /** How much of it one source may keep. */
  'quota.changed': { severity: 'notice', retention: 'security-1y' },
  /** Whether, and how much, this device carries for others. */
  'carry.changed': { severity: 'notice', retention: 'security-1y' },
  /** What the person is told of, and when. */
  'notifications.changed': { severity: 'notice', retention: 'security-1y' },
  /** The disk took nothing more, and from when on it did again; between the two records were refused. */
  'store.full': { severity: 'warn', retention: 'ops-90d' },
  'store.freed': { severity: 'notice', retention: 'ops-90d' },
  /** The person looks into a trace, or is done with it (docs/spec/documents.md). */
  'investigation.opened': { severity: 'info', retention: 'security-1y' },
  'investigation.closed': { severity: 'info', retention: 'security-1y' },
  'hold.placed': { severity: 'notice', retention: 'security-1y' },
  'hold.removed': { severity: 'notice', retention: 'security-1y' },
  /** Stored bodies are not what was stored: by a failing disk, or by somebody who writes in the home. */
  'data.damaged': { severity: 'warn', retention: 'security-1y' },
  /** Another device gave back what was damaged here. */
  'data.restored': { severity: 'notice', retention: 'security-1y' },
  /** An operation was found without its leaf, or a leaf without its operation, and put right. */
  'audit.reconciled': { severity: 'warn', retention: 'security-1y' },
  /** One of the two databases is older than the other has seen it (AU21). */
  'store.rolled-back': { severity: 'alert', retention: 'security-1y' },
  'audit.rolled-back': { severity: 'alert', retention: 'security-1y' },
  /** The log before this one was damaged, and is kept beside it: this is the first leaf (AU26). */
  'audit.set-aside': { severity: 'alert', retention: 'security-1y' },
  /** The person was told of a rollback, and lets sharing go on. */
  'alarm.accepted': { severity: 'notice', retention: 'security-1y' },
} as const satisfies Readonly<Record<string, TypeDefaults>>

export type AuditType = keyof typeof DEFAULTS
export const AUDIT_TYPES = Object.keys(DEFAULTS) as readonly AuditType[]

export function isAuditType(type: string): type is AuditType {
  return Object.hasOwn(DEFAULTS, type)
}

export function retentionOf(type: AuditType): Retention {
  return DEFAULTS[type].retention
}

/** What failed or was denied is at least a warning. */
export function severityOf(type: AuditType, outcome: Outcome): Severity {
  const usual = DEFAULTS[type].severity
  const least = outcome === 'success' ? 'info' : 'warn'
  return SEVERITIES.indexOf(usual) >= SEVERITIES.indexOf(least) ? usual : least
}
