/**
 * What of the records that are kept a stage would still collect: the rest is what a person may have deleted when they go down
 * to it. Pure, never throws. Rules: docs/spec/stages.md STG9.
 */
import { AGENT_MODULE, OTLP_PREFIX, type StoredLane } from '../model/lane.ts'
import type { Stage } from '../model/stage.ts'
import { decideAdmission, type RecordOrigin } from './stage-gate.ts'

export interface KeptLog {
  readonly lane: StoredLane
  readonly module: string
  /** Of this device. */
  readonly own: boolean
}
/** `errors`: what tells of an error, whoever reported it on this device: errors are shown at every stage. */
export type PartCollected = 'all' | 'errors' | 'none'

export function partCollectedAt(stage: Stage, log: KeptLog): PartCollected {
  const { lane, own } = log
  if (decideAdmission(stage, { lane, origin: originOf(log) }).admit) return 'all'
  return lane === 'logs' && own ? 'errors' : 'none'
}

function originOf({ own, module }: KeptLog): RecordOrigin {
  if (!own) return 'peer'
  if (module === AGENT_MODULE) return 'agent'
  return module.startsWith(OTLP_PREFIX) ? 'otlp' : 'bus'
}
