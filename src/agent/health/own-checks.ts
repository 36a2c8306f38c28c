/** What the agent says of its own health, in plain words. Pure: facts in, checks out. */
import type { HealthKind } from '../../model/health.ts'
import { decideEndpoint } from '../../policy/stage-gate.ts'
import type { Stage } from '../../model/stage.ts'
import type { Check } from './health-book.ts'

export interface OwnFacts {
  readonly stage: Stage
  /** Undefined: the store thread did not answer in time. */
  readonly corrupt: readonly ('index' | 'store' | 'audit')[] | undefined
  /** The code of a disk that does not take what this start has to record. */
  readonly held: string | undefined
  readonly isDiskFull: boolean
  /** Of the file system that the home is in, if it says. */
  readonly disk: { readonly usedBytes: number; readonly freeBytes: number } | undefined
  readonly isBusUp: boolean
  readonly isOtlpOpen: boolean
  readonly devtoolsPid: number | undefined
  readonly isMeshWanted: boolean
  readonly isMeshOpen: boolean
  readonly isAuditInDoubt: boolean
  readonly nowUnixMs: number
  /** How far the wall clock was set back since the agent began. */
  readonly setBackMs: number
}

/** A share of the disk below which a person should make room. */
const LITTLE_ROOM = 0.05
/** Before this program was made, in Unix milliseconds: a clock that was never set. */
const EARLIEST_UNIX_MS = Date.UTC(2025, 0, 1)
/** Corrections by a time server stay below this. */
const MAX_SET_BACK_MS = 60_000

export function ownChecks(facts: OwnFacts): readonly Check[] {
  return [store(facts), disk(facts), bus(facts), ...otlp(facts), ...mesh(facts), audit(facts), clock(facts)]
}

function store({ corrupt }: OwnFacts): Check {
  if (corrupt === undefined) return fail('store', 'the store does not answer', 'liveness')
  const isDamaged = corrupt.includes('store') || corrupt.includes('index')
  return isDamaged
    ? fail('store', 'a part of store.db cannot be read: see aico-mesh status', 'liveness')
    : pass('store', 'liveness')
}

function disk({ held, isDiskFull, disk: space }: OwnFacts): Check {
  if (held !== undefined) return fail('disk', 'the disk does not take what this start has to record')
  if (isDiskFull) return fail('disk', 'the disk is full: nothing is taken in until it has room')
  const free = space === undefined ? 1 : space.freeBytes / Math.max(1, space.usedBytes + space.freeBytes)
  return free < LITTLE_ROOM ? warn('disk', `only ${(free * 100).toFixed(1)} % of the disk is free`) : pass('disk')
}

function bus({ isBusUp }: OwnFacts): Check {
  return isBusUp ? pass('bus') : fail('bus', 'modules cannot connect')
}

function otlp({ stage, isOtlpOpen, devtoolsPid }: OwnFacts): readonly Check[] {
  if (!decideEndpoint(stage, 'otlp').allow) return []
  if (isOtlpOpen) return [pass('otlp')]
  return [
    fail('otlp', devtoolsPid === undefined ? 'the process that takes OTLP is not running' : 'OTLP is not taken yet'),
  ]
}

function mesh({ isMeshWanted, isMeshOpen }: OwnFacts): readonly Check[] {
  if (!isMeshWanted) return []
  return [isMeshOpen ? pass('mesh') : fail('mesh', 'paired devices cannot connect: no port is open')]
}

function audit({ corrupt, isAuditInDoubt }: OwnFacts): Check {
  if (corrupt?.includes('audit') === true)
    return fail('audit', 'a part of audit.db cannot be read: see aico-mesh status')
  return isAuditInDoubt ? fail('audit', 'the audit log is not the one that was: see aico-mesh status') : pass('audit')
}

function clock({ nowUnixMs, setBackMs }: OwnFacts): Check {
  if (nowUnixMs < EARLIEST_UNIX_MS) return fail('clock', 'the clock says a time before this program was made')
  const minutes = Math.round(setBackMs / 60_000)
  return setBackMs > MAX_SET_BACK_MS
    ? warn('clock', `the clock was set back by ${minutes} min since the start`)
    : pass('clock')
}

function pass(name: string, kind: HealthKind = 'readiness'): Check {
  return { name, kind, status: 'pass', reason: undefined }
}

function warn(name: string, reason: string): Check {
  return { name, kind: 'readiness', status: 'warn', reason }
}

function fail(name: string, reason: string, kind: HealthKind = 'readiness'): Check {
  return { name, kind, status: 'fail', reason }
}
