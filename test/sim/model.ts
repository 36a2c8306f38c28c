/**
 * The state that commands work on: the world, what people asked for, and what was found wrong. After every step
 * {@link Model.problems} is asked; {@link Model.calm} brings all devices together and asks for more (docs/spec/simulator.md).
 */
import { codeOf } from '../../src/base/errors.ts'
import { convergenceProblems, lossProblems, membershipProblems, restProblems } from './calm-checks.ts'
import { Oracle } from './oracle.ts'
import type { DiskImage } from './sim-disk.ts'
import type { SimDevice } from './sim-device.ts'
import { SimWorld, type WorldOptions } from './sim-world.ts'
import { seeded } from '../support/seeded.ts'
import { Watcher } from './watcher.ts'

/** Refusals and ends of sessions that say nothing against anybody. */
const ORDINARY =
  /^(?:LINK_.*|SYNC_SILENT|SYNC_REFUSED|SYNC_NOT_A_MEMBER|SYNC_OTHER_MESH|MEMBER_OTHER_MESH|PAIR_.*|CONSENT_GRANT_ENDED|POLICY_NOT_SHARED|SYNC_NO_KEY|SYNC_UNTRUSTED_RUN)$/
/** What a device says of another that contradicts itself. */
const FORK = /^(?:SYNC_FORK|SYNC_BROKEN_CHAIN|CONTROL_FORK|SYNC_OWNER_BEHIND)$/
/** What no command may be refused with. */
const UNEXPECTED = /^(?:INTERNAL|MEMBER_NOT_ADDED|STORE_.*)$/
/** Time that devices within reach of each other have to agree, in milliseconds, and how often that is looked at. */
const CALM_MS = 120_000
const CALM_STEP_MS = 2_500

export class Model {
  readonly world: SimWorld
  readonly oracle = new Oracle()
  readonly watcher: Watcher
  readonly backups = new Map<SimDevice, DiskImage>()
  /** What happened, for whoever has to understand a failure. */
  readonly history: string[] = []
  readonly #unexpected: unknown[] = []
  /** Who has noticed that who signed two histories. */
  readonly #noticed = new Set<string>()
  /** Frames were spoiled, or a device was put back: then nearly every refusal is right. */
  isRough = false

  constructor(options: WorldOptions) {
    this.world = new SimWorld(options)
    this.watcher = new Watcher(this.world, this.oracle)
  }

  /** One mesh of devices, at rest. */
  async begin(names: readonly string[]): Promise<void> {
    const [first, ...others] = names.map((name) => this.world.add(name))
    await this.world.settle()
    for (const other of others) await this.pair(first as SimDevice, other)
    await this.world.advance(3_000)
  }

  async pair(inviter: SimDevice, joiner: SimDevice): Promise<void> {
    const [a, b] = [inviter.run, joiner.run]
    if (a === undefined || b === undefined) return this.note('not both are on')
    const invited = await this.world.until(a.alive(a.host.invite()))
    if (invited === 'open' || 'error' in invited) return this.noteOutcome(invited)
    if (!b.isAlive) return this.note('the joiner is gone')
    this.noteOutcome(await this.world.until(b.alive(b.host.join(invited.value.ticket, new AbortController().signal))))
  }

  /** Work that nobody waits for, and that must not fail in a way of its own. */
  background(work: Promise<unknown>): void {
    work.catch((err: unknown) => this.noteOutcome({ error: err }))
  }

  note(text: string): void {
    this.history.push(`    ${text}`)
  }

  noteOutcome(outcome: unknown): void {
    if (outcome === 'open') this.note('no answer')
    else if ('error' in (outcome as object)) {
      const { error } = outcome as { error: unknown }
      this.note(`refused: ${codeOf(error)}`)
      if (UNEXPECTED.test(codeOf(error))) this.#unexpected.push(error)
    }
  }

  /** The same chances for a step whatever came before it. */
  reseed(salt: number): void {
    this.world.random = seeded(salt)
  }

  get present(): readonly SimDevice[] {
    return this.world.devices.filter(({ isGone }) => !isGone)
  }

  /** What must not be, found since the last call. */
  problems(): readonly string[] {
    const { world, watcher } = this
    return [
      ...watcher.takeProblems(),
      ...this.#revived(),
      ...world.traffic.canaries.splice(0).map((route) => `a record could be read on the way ${route}`),
      ...this.#unexpected.splice(0).map((err) => `a command failed: ${told(err)}`),
      ...world.devices.flatMap((device) => [
        ...device.failures.splice(0).map((err) => `${device.name} failed: ${told(err)}`),
        ...this.#refusals(device),
      ]),
    ]
  }

  /** Everybody who is left is on and within reach, and has time to meet. @returns what must not be */
  async calm(): Promise<readonly string[]> {
    const { world } = this
    world.healWires()
    for (const device of this.present) {
      device.disk.forgetPowerCut()
      if (this.isRough) await world.until(device.stop())
      device.start()
    }
    let left: readonly string[] = []
    const strange: string[] = []
    for (let ms = 0; ms <= CALM_MS; ms += CALM_STEP_MS) {
      await world.advance(CALM_STEP_MS)
      strange.push(...this.problems())
      left = convergenceProblems(this)
      if (left.length === 0) break
    }
    return [...left, ...membershipProblems(this), ...lossProblems(this), ...restProblems(this), ...strange]
  }

  /** Whether a device has refused something since another one contradicted itself. */
  hasNoticedFork(device: SimDevice, by: SimDevice): boolean {
    return this.#noticed.has(`${device.name}/${by.name}`)
  }

  /** Denial wins: what was revoked, and answered, stands in no later state of its owner. */
  #revived(): readonly string[] {
    return this.oracle.told.flatMap(({ owner, purpose }) => {
      if (owner.run === undefined || this.watcher.forked.has(owner)) return []
      const record = owner.run.keeper.consents.records().find(({ grant }) => grant.purpose === purpose)
      return record !== undefined && record.revokedBy === undefined ? [`${purpose} of ${owner.name} stands again`] : []
    })
  }

  #refusals(device: SimDevice): readonly string[] {
    for (const { code, by } of device.refused) {
      const author = this.world.devices.find(({ id }) => id === by)
      if (author !== undefined && FORK.test(code)) this.#noticed.add(`${device.name}/${author.name}`)
    }
    const codes = [...device.refused.splice(0).map(({ code }) => code), ...device.sessionFailures.splice(0)]
    return codes
      .filter((code) => code === 'INTERNAL' || !(this.isRough || ORDINARY.test(code)))
      .map((code) => `${device.name} refused: ${code}`)
  }
}

function told(err: unknown): string {
  return err instanceof Error ? `${codeOf(err)} ${err.stack ?? err.message}` : String(err)
}
