/**
 * What one device has on its disk: rows in named tables, changed all or none at a time, and cut off at any write.
 *
 * A power cut may come before or after any change becomes durable; from then on the disk takes and gives nothing, until
 * the device starts again over what is there. Rows are never changed in place, so a copy of all of it is a copy of maps.
 */

/** Thrown to whoever writes when the power goes, and ever after. */
export class PowerCut extends Error {
  constructor() {
    super('no power')
  }
}

export type Key = string | number
type Table = Map<Key, unknown>
/** Everything on a disk at one moment. */
export type DiskImage = ReadonlyMap<string, ReadonlyMap<Key, unknown>>

/** A row that is durable now. */
export interface Change {
  readonly name: string
  readonly key: Key
  /** Undefined if it is gone. */
  readonly value: unknown
}
interface Undo extends Change {
  readonly table: Table
  readonly had: boolean
  readonly before: unknown
}

export class SimDisk {
  readonly #onPowerCut: () => void
  readonly #onCommit: (changes: readonly Change[]) => void
  #tables = new Map<string, Table>()
  readonly #versions = new Map<string, number>()
  #undo: Undo[] | undefined
  /** Durable changes until the power goes; undefined while nobody has planned that. */
  #left: number | undefined
  #isLastKept = false
  #isDead = false
  /** Durable changes since the device was made. */
  writes = 0

  /** @param onCommit told of everything that has become durable; must not write */
  constructor(onPowerCut: () => void, onCommit: (changes: readonly Change[]) => void) {
    this.#onPowerCut = onPowerCut
    this.#onCommit = onCommit
  }

  rows<V>(name: string): Rows<V> {
    return new Rows<V>(this, name)
  }

  /** The power goes at a later change. @param isKept whether that one is still durable */
  planPowerCut(changes: number, isKept: boolean): void {
    this.#left = changes
    this.#isLastKept = isKept
  }

  forgetPowerCut(): void {
    this.#left = undefined
  }

  /** The power goes now: what a transaction under way has changed was never there. */
  cutPower(): void {
    this.#isDead = true
    this.#left = undefined
    this.#rollBack()
  }

  /** The device can start again. */
  powerUp(): void {
    this.#isDead = false
    this.#left = undefined
  }

  /** All or nothing. A transaction inside of one is a part of it. */
  transaction<T>(work: () => T): T {
    this.#requirePower()
    if (this.#undo !== undefined) return work()
    this.#undo = []
    try {
      const result = work()
      if (this.#undo.length > 0) this.#commit()
      this.#undo = undefined
      return result
    } catch (err) {
      this.#rollBack()
      throw err
    }
  }

  image(): DiskImage {
    return new Map([...this.#tables].map(([name, table]) => [name, new Map(table)]))
  }

  restore(image: DiskImage): void {
    for (const name of this.#versions.keys()) this.#touch(name)
    this.#tables = new Map([...image].map(([name, table]) => [name, new Map(table)]))
  }

  /** For {@link Rows}. */
  table(name: string): Table {
    this.#requirePower()
    return this.tableAt(name)
  }

  /** For those who look at a disk from outside, with the power off too. */
  tableAt(name: string): Table {
    let table = this.#tables.get(name)
    if (table === undefined) this.#tables.set(name, (table = new Map()))
    return table
  }

  /** For {@link Rows}: one change, durable at once outside of a transaction. */
  change(name: string, key: Key, value: unknown): void {
    const table = this.table(name)
    const undo = { name, key, value, table, had: table.has(key), before: table.get(key) }
    this.#touch(name)
    if (value === undefined) table.delete(key)
    else table.set(key, value)
    if (this.#undo !== undefined) return void this.#undo.push(undo)
    this.#undo = [undo]
    this.#commit()
    this.#undo = undefined
  }

  /** For {@link Rows}: another number after every change of a table. */
  versionOf(name: string): number {
    return this.#versions.get(name) ?? 0
  }

  #touch(name: string): void {
    this.#versions.set(name, this.versionOf(name) + 1)
  }

  #commit(): void {
    const goes = this.#left !== undefined && --this.#left <= 0
    if (!goes || this.#isLastKept) {
      this.writes++
      this.#onCommit(this.#undo ?? [])
    }
    if (!goes) return
    if (this.#isLastKept) this.#undo = undefined
    this.cutPower()
    this.#onPowerCut()
    throw new PowerCut()
  }

  #rollBack(): void {
    for (const { name, table, key, had, before } of this.#undo?.toReversed() ?? []) {
      this.#touch(name)
      if (had) table.set(key, before)
      else table.delete(key)
    }
    this.#undo = undefined
  }

  #requirePower(): void {
    if (this.#isDead) throw new PowerCut()
  }
}

/** One table of a disk, in the order its rows were added. */
export class Rows<V> {
  readonly #disk: SimDisk
  readonly #name: string

  constructor(disk: SimDisk, name: string) {
    this.#disk = disk
    this.#name = name
  }

  get size(): number {
    return this.#table().size
  }

  get(key: Key): V | undefined {
    return this.#table().get(key)
  }

  has(key: Key): boolean {
    return this.#table().has(key)
  }

  values(): V[] {
    return [...this.#table().values()]
  }

  /** What is made of the rows, made anew only when one has changed. */
  derived<T>(make: (rows: V[]) => T): () => T {
    let known: { readonly version: number; readonly of: T } | undefined
    return () => {
      const version = this.#disk.versionOf(this.#name)
      const values = this.#table() // without power nothing is given, known or not
      if (known?.version !== version) known = { version, of: make([...values.values()]) }
      return known.of
    }
  }

  set(key: Key, value: V): void {
    this.#disk.change(this.#name, key, value)
  }

  /** As a table with a primary key: a row that is there is never overwritten. */
  insert(key: Key, value: V): void {
    if (this.has(key)) throw new Error(`${this.#name} has a row ${key} already`)
    this.set(key, value)
  }

  delete(key: Key): boolean {
    if (!this.has(key)) return false
    this.#disk.change(this.#name, key, undefined)
    return true
  }

  #table(): Map<Key, V> {
    return this.#disk.table(this.#name) as Map<Key, V>
  }
}
