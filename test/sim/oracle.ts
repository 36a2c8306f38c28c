/**
 * What each device may ever see, by what people asked for and in no other way: it knows grants and records, and nothing of
 * epochs, keys, logs or messages. What a reader can open beyond it is a leak.
 */
import type { Lane } from '../../src/model/lane.ts'
import type { SimDevice } from './sim-device.ts'

export interface SimRecord {
  readonly number: number
  readonly owner: SimDevice
  readonly lane: Lane
  readonly module: string
  /** On the owner's clock, when it was taken in. */
  readonly atUnixMs: number
  /** The same, and never before what the owner did earlier: a power cut may have lost the last minute of its clock. */
  readonly orderUnixMs: number
  /** The owner said that it is durable. */
  isAcknowledged: boolean
}
export interface AskedGrant {
  readonly owner: SimDevice
  readonly reader: SimDevice
  readonly lanes: readonly Lane[]
  readonly modules: readonly string[] | undefined
  readonly sinceUnixMs: number
  readonly untilUnixMs: number | undefined
  /** No other grant has it. */
  readonly purpose: string
  /** The last record made before it was asked for. */
  readonly askedAfter: number
  /** The last record made before it ended for sure; undefined while it may stand. */
  endedAfter: number | undefined
}

/** Before the first record. */
const NEVER = -1

export class Oracle {
  readonly records: SimRecord[] = []
  readonly #grants: AskedGrant[] = []
  readonly #ended: AskedGrant[] = []
  readonly #latestUnixMs = new Map<SimDevice, number>()

  /** The time of an owner for what it does now, after all that it did before. */
  timeOf(owner: SimDevice, nowUnixMs: number): number {
    const latest = Math.max(nowUnixMs, this.#latestUnixMs.get(owner) ?? 0)
    this.#latestUnixMs.set(owner, latest)
    return latest
  }

  newRecord(record: Omit<SimRecord, 'number' | 'isAcknowledged'>): SimRecord {
    const made = { ...record, number: this.records.length, isAcknowledged: false }
    this.records.push(made)
    return made
  }

  ask(grant: Omit<AskedGrant, 'purpose' | 'askedAfter' | 'endedAfter'>): AskedGrant {
    const [purpose, askedAfter] = [`grant ${this.#grants.length}`, this.records.length - 1]
    const asked = { ...grant, purpose, askedAfter, endedAfter: undefined }
    this.#grants.push(asked)
    return asked
  }

  /** It was refused, and never was. */
  refused(grant: AskedGrant): void {
    grant.endedAfter = NEVER
  }

  /** Its owner was told that it has ended: from now on nothing more is opened by it. */
  ended(grant: AskedGrant): void {
    if (grant.endedAfter !== undefined) return
    grant.endedAfter = this.records.length - 1
    this.#ended.push(grant)
  }

  /** Those that ended in this way and were not put back. */
  get told(): readonly AskedGrant[] {
    return this.#ended.filter(({ endedAfter }) => endedAfter !== undefined)
  }

  /** Grants of an owner that may stand. */
  open(owner: SimDevice, reader?: SimDevice): readonly AskedGrant[] {
    return this.#grants.filter(
      (grant) =>
        grant.owner === owner && grant.endedAfter === undefined && (reader === undefined || grant.reader === reader),
    )
  }

  /**
   * A device is what it was: what stood then stands again, and the keys it seals with are keys it may have handed to anybody
   * since.
   */
  putBack(owner: SimDevice): void {
    for (const grant of this.#grants)
      if (grant.owner === owner && grant.endedAfter !== NEVER) grant.endedAfter = undefined
  }

  maySee(reader: SimDevice, record: SimRecord): boolean {
    return this.#grants.some((grant) => grant.reader === reader && covers(grant, record))
  }
}

/**
 * Whether it must be there: of what was taken in at the very millisecond in which the grant begins, and before it was given,
 * nobody can say, for windows are counted in epochs.
 */
export function mustCover(grant: AskedGrant, record: SimRecord): boolean {
  const isOnEdge = record.atUnixMs === grant.sinceUnixMs && record.number <= grant.askedAfter
  return covers(grant, record) && record.atUnixMs >= grant.sinceUnixMs && !isOnEdge
}

/** Whether a grant lets its reader see a record. */
function covers(grant: AskedGrant, { owner, lane, module, orderUnixMs, number }: SimRecord): boolean {
  const isInScope = grant.owner === owner && grant.lanes.includes(lane) && (grant.modules?.includes(module) ?? true)
  const isBeforeEnd = grant.untilUnixMs === undefined || orderUnixMs < grant.untilUnixMs
  const isInWindow = orderUnixMs >= grant.sinceUnixMs && isBeforeEnd
  return isInScope && isInWindow && (grant.endedAfter === undefined || number <= grant.endedAfter)
}
