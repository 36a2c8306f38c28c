/**
 * Key hand-over: the plaintext of a keys entry (control-entry.ts); docs/spec/control.md.
 *
 *   { 1 version, 2 grantId, 3 lane, 4 epoch, 5 epochStartedUnixMs, 6 laneKey | 7 modules [[name, key]...],
 *     8 logs [[log, incarnation, module, part, firstSeq]...] }
 *
 * Either the epoch's key, which opens every module of the lane, or keys of single modules. The only place where an
 * opaque log is said to be a lane's and a module's. Holds keys: never log or print one.
 */
import { compareBytes, concat } from '../base/bytes.ts'
import { MAX_GRANT_MODULES } from '../model/grant.ts'
import { idBytes, INCARNATION_BYTES, LOG_ID_BYTES, toIncarnation, toLogId } from '../model/ids.ts'
import type { GrantId, Incarnation, LogId } from '../model/ids.ts'
import { LANES, MAX_MODULE_NAME_BYTES, type Lane } from '../model/lane.ts'
import { asArray, asBytes, asText, asUint, readArray, readBytes, readOptional, readUint } from './cbor-fields.ts'
import { decodeCborMap, fields, mapOf, type Field } from './cbor-fields.ts'
import type { CborMap, CborValue } from './cbor-value.ts'
import { encodeCbor } from './cbor.ts'
import {
  compareTexts,
  KEY_BYTES,
  MAX_PART_NAME_BYTES,
  readGrantId,
  readUnixMs,
  requireAscending,
  requireVersion,
} from './shared-fields.ts'
import { fieldError, limitBytes } from './wire-error.ts'

export const KEY_HANDOVER_VERSION = 1
/** Most logs in one hand-over: more go into the next one. */
export const MAX_HANDOVER_LOGS = 256
/** Largest hand-over, in bytes, so that it fits a control entry sealed. */
export const MAX_KEY_HANDOVER_BYTES = 64 * 1024 - 528

export interface ModuleKey {
  readonly module: string
  readonly key: Uint8Array
}
export interface HandoverLog {
  readonly log: LogId
  readonly incarnation: Incarnation
  readonly module: string
  readonly part: string
  /** The log's first segment under this epoch. */
  readonly firstSeq: number
}

interface HandoverBase {
  readonly grantId: GrantId
  readonly lane: Lane
  /** The owner's number of the epoch within the lane. */
  readonly epoch: number
  readonly epochStartedUnixMs: number
  readonly logs: readonly HandoverLog[]
}
export interface LaneHandover extends HandoverBase {
  /** The epoch's key: opens every module, also those that appear later in the epoch. */
  readonly laneKey: Uint8Array
  readonly modules: undefined
}
export interface ModuleHandover extends HandoverBase {
  readonly laneKey: undefined
  readonly modules: readonly ModuleKey[]
}
export type KeyHandover = LaneHandover | ModuleHandover

const F = fields({
  version: 1,
  grantId: 2,
  lane: 3,
  epoch: 4,
  epochStartedUnixMs: 5,
  laneKey: 6,
  modules: 7,
  logs: 8,
})

/** @throws {WireError} for a hand-over that a reader would refuse. */
export function encodeKeyHandover(handover: KeyHandover): Uint8Array {
  const modules = handover.modules && [...handover.modules].sort((a, b) => compareTexts(a.module, b.module))
  const bytes = encodeCbor(
    mapOf(
      [F.version, KEY_HANDOVER_VERSION],
      [F.grantId, idBytes(handover.grantId)],
      [F.lane, LANES.indexOf(handover.lane)],
      [F.epoch, handover.epoch],
      [F.epochStartedUnixMs, handover.epochStartedUnixMs],
      [F.laneKey, handover.laneKey],
      [F.modules, modules?.map(({ module, key }) => [module, key])],
      [F.logs, [...handover.logs].sort(compareLogs).map(logRow)],
    ),
  )
  decodeKeyHandover(bytes)
  return bytes
}

/** @throws {WireError} for bytes that are not a hand-over. */
export function decodeKeyHandover(bytes: Uint8Array): KeyHandover {
  limitBytes(bytes, MAX_KEY_HANDOVER_BYTES, 'key handover')
  const map = decodeCborMap(bytes, 'key handover')
  requireVersion(map, F.version, KEY_HANDOVER_VERSION)
  const base: HandoverBase = {
    grantId: readGrantId(map, F.grantId),
    lane: LANES[readUint(map, F.lane, LANES.length - 1)] as Lane,
    epoch: readUint(map, F.epoch),
    epochStartedUnixMs: readUnixMs(map, F.epochStartedUnixMs),
    logs: readLogs(map),
  }
  const laneKey = readOptional(readBytes, map, F.laneKey, KEY_BYTES)
  if (laneKey === undefined) return { ...base, laneKey, modules: readModules(map) }
  if (map.has(F.modules.key)) throw fieldError('WIRE_FIELD_RANGE', F.modules.name, 'beside the key of the whole lane')
  return { ...base, laneKey, modules: undefined }
}

function readModules(map: CborMap): readonly ModuleKey[] {
  const modules = readArray(map, F.modules, MAX_GRANT_MODULES, 1).map((value) => {
    const [module, key] = row(value, F.modules, 2)
    return {
      module: asText(module as CborValue, 'module', MAX_MODULE_NAME_BYTES),
      key: asBytes(key as CborValue, 'module key', KEY_BYTES, KEY_BYTES),
    }
  })
  requireAscending(F.modules, modules, (a, b) => compareTexts(a.module, b.module))
  return modules
}

/** Ascending by log and incarnation, so that no log can be said to be two modules'. */
function readLogs(map: CborMap): readonly HandoverLog[] {
  const logs = readArray(map, F.logs, MAX_HANDOVER_LOGS).map((value) => {
    const [log, incarnation, module, part, firstSeq] = row(value, F.logs, 5)
    return {
      log: toLogId(asBytes(log as CborValue, 'log', LOG_ID_BYTES, LOG_ID_BYTES)) as LogId,
      incarnation: toIncarnation(
        asBytes(incarnation as CborValue, 'incarnation', INCARNATION_BYTES, INCARNATION_BYTES),
      ) as Incarnation,
      module: asText(module as CborValue, 'module', MAX_MODULE_NAME_BYTES),
      part: asText(part as CborValue, 'part', MAX_PART_NAME_BYTES),
      firstSeq: asUint(firstSeq as CborValue, 'firstSeq'),
    }
  })
  requireAscending(F.logs, logs, compareLogs)
  return logs
}

function logRow(log: HandoverLog): CborValue {
  return [idBytes(log.log), idBytes(log.incarnation), log.module, log.part, log.firstSeq]
}

function row(value: CborValue, field: Field, length: number): readonly CborValue[] {
  return asArray(value, field.name, length, length)
}

function compareLogs(a: HandoverLog, b: HandoverLog): number {
  return compareBytes(concat(idBytes(a.log), idBytes(a.incarnation)), concat(idBytes(b.log), idBytes(b.incarnation)))
}
