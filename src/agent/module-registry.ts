/** Modules of the bus: their keys, and the credential file each one reads. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MeshError } from '../base/errors.ts'
import { AGENT_MODULE, MODULE_NAME } from '../model/lane.ts'
import type { ApprovedPlugin } from '../model/plugin.ts'
import type { ModuleRecord } from '../bus/bus-ports.ts'
import { chooseEndpoint } from '../bus/bus-address.ts'
import { createModuleCredential } from '../bus/module-credential.ts'
import { makePrivateFolder, spoolFolder, type Home } from '../platform/home.ts'

export type ModuleErrorCode =
  | 'MODULE_NAME_INVALID'
  | 'MODULE_EXISTS'
  | 'MODULE_UNKNOWN'
  | 'MODULE_TOO_MANY'
  /** It has as many rules of what to record as it may. */
  | 'MODULE_TOO_MANY_RULES'
export class ModuleError extends MeshError<ModuleErrorCode> {}

/** Most modules of one device: each has a socket of its own. */
export const MAX_MODULES = 64

export class ModuleRegistry {
  readonly #home: Home
  readonly #records: Map<string, ModuleRecord>
  /** Names that somebody is adding right now. */
  readonly #taken = new Set<string>()
  /** The end of the change or removal that was asked for last. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(stored: readonly { readonly name: string; readonly record: unknown }[], home: Home) {
    this.#home = home
    this.#records = new Map(stored.map(({ name, record }) => [name, record as ModuleRecord]))
  }

  list(): readonly ModuleRecord[] {
    return [...this.#records.values()]
  }

  get(name: string): ModuleRecord | undefined {
    return this.#records.get(name)
  }

  /** Those that may connect. */
  enabled(): readonly ModuleRecord[] {
    return this.list().filter(({ plugin }) => plugin?.isDisabled !== true)
  }

  credentialFile(name: string): string {
    return join(this.#home.modulesFolder, `${name}.json`)
  }

  /**
   * Makes a module's keys and writes its credential file (0600). `keep` makes the record durable.
   * @param plugin what it may do, if it is a third party's
   * @throws {ModuleError} `MODULE_NAME_INVALID`, `MODULE_EXISTS`, `MODULE_TOO_MANY`
   */
  async add(
    name: string,
    keep: (record: ModuleRecord) => Promise<void>,
    plugin?: ApprovedPlugin,
  ): Promise<ModuleRecord> {
    // A module of the agent's own name could not be told from it.
    if (!MODULE_NAME.test(name) || name === AGENT_MODULE) {
      throw new ModuleError(
        'MODULE_NAME_INVALID',
        'a module name is lowercase letters, digits, dots, dashes, underscores',
      )
    }
    if (this.#records.has(name) || this.#taken.has(name)) {
      throw new ModuleError('MODULE_EXISTS', 'a module of this name is there already')
    }
    if (this.#records.size + this.#taken.size >= MAX_MODULES) {
      throw new ModuleError('MODULE_TOO_MANY', `at most ${MAX_MODULES} modules`)
    }
    this.#taken.add(name)
    try {
      return await this.#make(name, keep, plugin)
    } finally {
      this.#taken.delete(name)
    }
  }

  /** The file comes first: a kill in between leaves keys that open nothing, never a module whose keys nobody has. */
  async #make(
    name: string,
    keep: (record: ModuleRecord) => Promise<void>,
    plugin: ApprovedPlugin | undefined,
  ): Promise<ModuleRecord> {
    const endpoint = await chooseEndpoint(this.#home.busFolder, name)
    const { record: keys, credential } = createModuleCredential(name, endpoint)
    const record = plugin === undefined ? keys : { ...keys, plugin }
    makePrivateFolder(this.#home.modulesFolder)
    writeFileSync(this.credentialFile(name), `${JSON.stringify(credential, null, 2)}\n`, { mode: 0o600 })
    try {
      await keep(record)
    } catch (err) {
      rmSync(this.credentialFile(name), { force: true })
      throw err
    }
    this.#records.set(name, record)
    return record
  }

  /**
   * Changes a module's record; its keys stay. Changes come one after the other: each sees what the one before it kept.
   * @param changed the record itself where nothing is to be done
   * @throws {ModuleError} `MODULE_UNKNOWN`, and what `changed` and `keep` throw
   */
  change(
    name: string,
    changed: (known: ModuleRecord) => ModuleRecord,
    keep: (record: ModuleRecord) => Promise<void>,
  ): Promise<ModuleRecord> {
    return this.#inTurn(async () => {
      const known = this.#known(name)
      const record = changed(known)
      if (record === known) return known
      await keep(record)
      this.#records.set(name, record)
      return record
    })
  }

  /** @throws {ModuleError} `MODULE_UNKNOWN` */
  remove(name: string, forget: () => Promise<unknown>): Promise<void> {
    return this.#inTurn(async () => {
      this.#known(name)
      await forget()
      this.#records.delete(name)
      rmSync(this.credentialFile(name), { force: true })
      rmSync(spoolFolder(this.credentialFile(name)), { recursive: true, force: true })
    })
  }

  #known(name: string): ModuleRecord {
    const known = this.#records.get(name)
    if (known === undefined) throw new ModuleError('MODULE_UNKNOWN', 'there is no module of this name')
    return known
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined) // told to whoever asked for it
    return done
  }
}
