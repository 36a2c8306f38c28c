/**
 * Stage gates: what each stage collects, shows, opens and lets out. Every door in and every exit asks here.
 *
 * Pure tables and look-ups, never throws. Rules: docs/spec/stages.md.
 */
import { AGENT_MODULE, type Lane } from '../model/lane.ts'
import { CASUAL_MIN_SEVERITY, isAtLeast, type Stage } from '../model/stage.ts'
import { isProcessMetric } from './process-metric.ts'

export type RecordOrigin = 'bus' | 'otlp' | 'agent' | 'peer'

export interface RecordKind {
  readonly lane: Lane
  readonly origin: RecordOrigin
  /** OpenTelemetry severity number of a log record. */
  readonly severityNumber?: number | undefined
  /** The agent's own events that a person at any stage is told of: started, restarted, stage changed. */
  readonly isEssential?: boolean | undefined
  /** Of a metric. */
  readonly name?: string | undefined
}

export type AdmissionCode = 'STAGE_LANE' | 'STAGE_SEVERITY' | 'STAGE_ORIGIN'
export type Admission = { readonly admit: true } | { readonly admit: false; readonly code: AdmissionCode }

/** OpenTelemetry's FATAL4. What is above it is no severity, and is shown as none. */
const MAX_SEVERITY = 24

/** Whether a record is kept. A peer's record needs decideShare as well. */
export function decideAdmission(stage: Stage, record: RecordKind): Admission {
  const { lane, origin } = record
  if (origin === 'peer') return admitFrom('pro', stage, 'STAGE_ORIGIN')
  if (origin === 'otlp') return admitFrom('developer', stage, 'STAGE_ORIGIN')
  switch (lane) {
    case 'audit':
      return ADMIT
    case 'logs':
      return isForCasual(record) ? ADMIT : admitFrom('pro', stage, 'STAGE_SEVERITY')
    case 'metrics':
      return admitFrom(tellsOfProcess(record) ? 'pro' : 'developer', stage, 'STAGE_LANE')
    case 'documents':
      return admitFrom('pro', stage, 'STAGE_LANE')
    case 'traces':
      return admitFrom('developer', stage, 'STAGE_LANE')
  }
}

export type Gate =
  { readonly allow: true } | { readonly allow: false; readonly code: 'STAGE_TOO_LOW'; readonly needs: Stage }

/** Least stage of everything a person or a program can look at. */
const VIEW_NEEDS = {
  status: 'casual',
  notifications: 'casual',
  errors: 'casual',
  audit: 'casual',
  devices: 'casual',
  consent: 'casual',
  logs: 'pro',
  'host-metrics': 'pro',
  health: 'pro',
  documents: 'pro',
  traces: 'developer',
  metrics: 'developer',
  activity: 'developer',
} as const satisfies Record<Lane, Stage> & Record<string, Stage>
export type View = keyof typeof VIEW_NEEDS

/** Least stage of everything that listens. */
const ENDPOINT_NEEDS = {
  socket: 'casual',
  bus: 'casual',
  dashboard: 'pro',
  mesh: 'pro',
  pairing: 'pro',
  otlp: 'developer',
  'query-api': 'developer',
} as const satisfies Record<string, Stage>
export type Endpoint = keyof typeof ENDPOINT_NEEDS

/**
 * Least stage of every way out of the store. Those that leave the device need their own consent besides; an export stays
 * on it, as a file of the person who asks for it.
 */
const EXIT_NEEDS = {
  share: 'pro',
  carry: 'pro',
  capsule: 'pro',
  analytics: 'pro',
  export: 'pro',
} as const satisfies Record<string, Stage>
export type Exit = keyof typeof EXIT_NEEDS

export const VIEWS = Object.keys(VIEW_NEEDS) as readonly View[]
export const ENDPOINTS = Object.keys(ENDPOINT_NEEDS) as readonly Endpoint[]
export const EXITS = Object.keys(EXIT_NEEDS) as readonly Exit[]

export function decideView(stage: Stage, view: View): Gate {
  return gate(stage, VIEW_NEEDS[view])
}

/** Below the stage that shows all metrics, those that tell how this device and its processes fare. */
export function decideMetricView(stage: Stage, metric: { readonly module: string; readonly name: string }): Gate {
  const isOfHost = metric.module === AGENT_MODULE || isProcessMetric(metric.name)
  return decideView(stage, isOfHost ? 'host-metrics' : 'metrics')
}

export function decideEndpoint(stage: Stage, endpoint: Endpoint): Gate {
  return gate(stage, ENDPOINT_NEEDS[endpoint])
}

export function decideExit(stage: Stage, exit: Exit): Gate {
  return gate(stage, EXIT_NEEDS[exit])
}

/** A file shows what a view does: records of a lane are exported where exports are, and where the lane may be looked at. */
export function decideExport(stage: Stage, lane: Lane): Gate {
  const [exit, view] = [decideExit(stage, 'export'), decideView(stage, lane)]
  return view.allow ? exit : view
}

const ADMIT: Admission = { admit: true }

function admitFrom(needed: Stage, stage: Stage, code: AdmissionCode): Admission {
  return isAtLeast(stage, needed) ? ADMIT : { admit: false, code }
}

function isForCasual({ origin, severityNumber = 0, isEssential }: RecordKind): boolean {
  return (origin === 'agent' && isEssential === true) || isErrorSeverity(severityNumber)
}

/** Whether a log record of this severity is an error. */
export function isErrorSeverity(severityNumber: number): boolean {
  return severityNumber >= CASUAL_MIN_SEVERITY && severityNumber <= MAX_SEVERITY
}

/** Of the device and the agent, or of a module's process. */
function tellsOfProcess({ origin, name = '' }: RecordKind): boolean {
  return origin === 'agent' || isProcessMetric(name)
}

function gate(stage: Stage, needs: Stage): Gate {
  return isAtLeast(stage, needs) ? { allow: true } : { allow: false, code: 'STAGE_TOO_LOW', needs }
}
