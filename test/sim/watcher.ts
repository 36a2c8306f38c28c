/**
 * Looks at everything that becomes durable anywhere, and says what must not be (docs/spec/simulator.md). It tries to open
 * every segment with every key that a device was handed, as a thief with its whole disk would.
 */
import { toHex } from '../../src/base/bytes.ts'
import { decompress } from '../../src/agent/keeper/stored-payload.ts'
import type { Lane } from '../../src/model/lane.ts'
import type { Epoch, ReceivedKey } from '../../src/store/epoch-table.ts'
import type { StoredLog } from '../../src/store/log-table.ts'
import type { StoredSegment } from '../../src/store/segment-table.ts'
import { keyCommitment, moduleKey, partKey } from '../../src/sync/core/key-tree.ts'
import { openSegment } from '../../src/sync/core/seal-segment.ts'
import { decodeSegmentHeader } from '../../src/wire/segment-header.ts'
import type { Oracle } from './oracle.ts'
import type { Change } from './sim-disk.ts'
import type { SimDevice } from './sim-device.ts'
import { numbersIn } from './sim-records.ts'
import type { SimWorld } from './sim-world.ts'

/** A segment as its author sealed it. */
interface Sealed {
  readonly author: SimDevice
  readonly lane: Lane
  readonly module: string
  readonly header: Uint8Array
  readonly sealed: Uint8Array
  readonly place: string
}
interface Holdings {
  /** Numbers of the records of others that are held, and how often. */
  readonly records: Map<number, number>
  /** Part keys it can make, by their commitment. */
  readonly keys: Map<string, Uint8Array>
}

/** Modules that records come from. */
export const MODULES = ['ear', 'core'] as const
const PART = 'base'

export class Watcher {
  readonly #world: SimWorld
  readonly #oracle: Oracle
  readonly #problems: string[] = []
  /** Every segment ever sealed, by the commitment to its key. */
  readonly #sealed = new Map<string, Sealed[]>()
  /** The id at each place of each log. */
  readonly #ids = new Map<string, string>()
  readonly #holdings = new Map<SimDevice, Holdings>()
  /** Devices that were put back to an older state, and may sign two histories. */
  readonly forked = new Set<SimDevice>()
  segments = 0
  attempts = 0

  constructor(world: SimWorld, oracle: Oracle) {
    this.#world = world
    this.#oracle = oracle
    world.onCommit = (device, changes) => {
      for (const change of changes) this.#look(device, change)
    }
  }

  /** What was found since the last call. */
  takeProblems(): readonly string[] {
    return this.#problems.splice(0)
  }

  /** Numbers of the records of others that a device holds. */
  heldBy(device: SimDevice): ReadonlyMap<number, number> {
    return this.#of(device).records
  }

  /** A device was put back: what it holds is read again; what it could open it can open for ever. */
  putBack(device: SimDevice, tables: ReadonlyMap<string, ReadonlyMap<string | number, unknown>>): void {
    this.forked.add(device)
    this.#of(device).records.clear()
    for (const [name, rows] of tables) for (const [key, value] of rows) this.#look(device, { name, key, value })
  }

  #look(device: SimDevice, { name, value }: Change): void {
    if (name.startsWith('segment/')) return this.#onSegment(device, name, value as StoredSegment | undefined)
    if (name.startsWith('received/') && value !== undefined) this.#onKey(device, value as ReceivedKey)
  }

  #onSegment(device: SimDevice, name: string, segment: StoredSegment | undefined): void {
    if (segment === undefined) return this.#problem(`${device.name} lost a segment of ${name}`)
    const log = ([...device.disk.tableAt('log').values()] as StoredLog[])[segment.log - 1] as StoredLog
    const sealed = device.disk.tableAt('pack').get(segment.at) as Uint8Array
    const place = `${log.author.slice(0, 8)}/${log.log.slice(0, 8)}/${log.incarnation.slice(0, 8)}/${segment.seq}`
    this.#checkId(device, log, place, segment)
    if (log.own) this.#onOwn(device, log, segment, { sealed, place })
    else this.#onReceived(device, segment, sealed)
  }

  /** One place of a log is one segment for ever, or its author forked. */
  #checkId(device: SimDevice, log: StoredLog, place: string, { segmentId }: StoredSegment): void {
    const id = toHex(segmentId)
    const known = this.#ids.get(place)
    if (known === undefined) this.#ids.set(place, id)
    else if (known !== id && ![...this.forked].some((forked) => forked.id === log.author)) {
      this.#problem(`two segments at ${place}, the second at ${device.name}`)
    }
  }

  #onOwn(
    device: SimDevice,
    { lane, module }: StoredLog,
    segment: StoredSegment,
    { sealed, place }: Pick<Sealed, 'sealed' | 'place'>,
  ): void {
    this.segments++
    const { crypto } = this.#world
    const epoch = device.disk.tableAt(`epoch/${lane}`).get(segment.epoch) as Epoch
    const key = partKey(crypto, moduleKey(crypto, epoch.key, module), PART)
    const all = { author: device, lane, module, header: segment.header, sealed, place }
    if (this.#open(key, all) === undefined) this.#problem(`${device.name} cannot open its own ${place}`)
    const commitment = toHex(decodeSegmentHeader(segment.header).keyCommitment)
    const list = this.#sealed.get(commitment)
    if (list === undefined) this.#sealed.set(commitment, [all])
    else if (!list.some((each) => each.place === place && each.sealed === sealed)) list.push(all)
    for (const [reader, { keys }] of this.#holdings) {
      const readerKey = keys.get(commitment)
      if (reader !== device && readerKey !== undefined) this.#tryToRead(reader, readerKey, all)
    }
  }

  #onReceived(device: SimDevice, { header }: StoredSegment, sealed: Uint8Array): void {
    const { keys, records } = this.#of(device)
    const key = keys.get(toHex(decodeSegmentHeader(header).keyCommitment))
    const numbers = key && this.#open(key, { header, sealed })
    if (numbers === undefined) return this.#problem(`${device.name} keeps a segment that it cannot open`)
    for (const number of numbers) {
      const times = (records.get(number) ?? 0) + 1
      records.set(number, times)
      if (times > 1 && !this.forked.has(device)) this.#problem(`${device.name} holds record ${number} ${times} times`)
    }
  }

  #onKey(device: SimDevice, { owner, lane, module, key }: ReceivedKey): void {
    const { crypto } = this.#world
    const { keys } = this.#of(device)
    for (const name of MODULES) {
      if (module !== undefined && module !== name) continue
      const ofPart = partKey(crypto, module === undefined ? moduleKey(crypto, key, name) : key, PART)
      const commitment = toHex(keyCommitment(crypto, ofPart))
      if (keys.has(commitment)) continue
      keys.set(commitment, ofPart)
      for (const sealed of this.#sealed.get(commitment) ?? []) {
        if (sealed.author.id !== owner || sealed.lane !== lane) this.#problem('a key of one log opens another')
        this.#tryToRead(device, ofPart, sealed)
      }
    }
  }

  /** A real attempt: what opens must be what the reader may see. */
  #tryToRead(reader: SimDevice, key: Uint8Array, sealed: Sealed): void {
    for (const number of this.#open(key, sealed) ?? []) {
      const record = this.#oracle.records[number]
      if (record === undefined || record.owner !== sealed.author) this.#problem(`record ${number} is not of its author`)
      else if (!this.#oracle.maySee(reader, record)) {
        this.#problem(
          `leak: ${reader.name} can open record ${number} of ${record.owner.name} (${record.lane}, ${record.module})`,
        )
      }
    }
  }

  #open(key: Uint8Array, { header, sealed }: Pick<Sealed, 'header' | 'sealed'>): readonly number[] | undefined {
    this.attempts++
    const opened = openSegment(this.#world.crypto, key, header, sealed)
    return opened.ok ? numbersIn(decompress(opened.body)) : undefined
  }

  #of(device: SimDevice): Holdings {
    let holdings = this.#holdings.get(device)
    if (holdings === undefined) this.#holdings.set(device, (holdings = { records: new Map(), keys: new Map() }))
    return holdings
  }

  #problem(text: string): void {
    this.#problems.push(text)
  }
}
