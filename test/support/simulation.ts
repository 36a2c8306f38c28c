/**
 * A person's devices living through everything at once, decided by a seed: they record, consent and revoke, are paired and
 * removed, lose each other and their power. Beside them stands a model that says what each may ever see.
 */
import { codeOf } from '../../src/base/errors.ts'
import type { GrantId } from '../../src/model/ids.ts'
import { decodeSpans } from '../../src/wire/otlp/decode-traces.ts'
import type { MeshDevice } from './mesh-device.ts'
import { MeshWorld } from './mesh-world.ts'
import { manySpans, traceIdOf } from './otlp-records.ts'
import { openAll } from './finish.ts'

const TRACE = 1
/** Everything that can happen, as often as it stands here. */
const EVENTS = [
  'record',
  'record',
  'record',
  'record',
  'grant',
  'grant',
  'revoke',
  'partition',
  'heal',
  'heal',
  'cut',
  'kill',
  'stop',
  'start',
  'start',
  'wait',
  'wait',
  'remove',
  'pair',
  'run',
] as const

interface Granted {
  readonly owner: MeshDevice
  readonly reader: MeshDevice
  readonly grantId: GrantId
}

export class Simulation {
  readonly world: MeshWorld
  readonly devices: MeshDevice[] = []
  /** What happened, for whoever has to understand a failing seed. */
  readonly history: string[] = []
  #spans = 0
  #grants = 0
  #live: Granted[] = []
  readonly #spansOf = new Map<MeshDevice, Set<number>>()
  /** Spans that a reader was ever allowed to see, by owner and reader. */
  readonly #allowed = new Map<string, Set<number>>()

  private constructor(seed: number) {
    this.world = new MeshWorld(seed)
  }

  static async of(seed: number, names: readonly string[]): Promise<Simulation> {
    const simulation = new Simulation(seed)
    simulation.devices.push(...(await simulation.world.mesh(...names)))
    return simulation
  }

  async live(events: number): Promise<void> {
    for (let n = 0; n < events; n++) await this.#happen(this.world.random.pick(EVENTS))
  }

  /** Everybody is on and within reach, and has time to meet. */
  async calm(): Promise<void> {
    for (const device of this.devices) if (!device.isRunning) await this.world.until(device.restart())
    for (const a of this.devices) for (const b of this.devices) if (a !== b) this.world.heal(a, b)
    await this.world.advance(180_000, 2_500)
  }

  /** Spans of an owner that a device holds and was never allowed to see. */
  leaks(owner: MeshDevice, reader: MeshDevice): readonly number[] {
    const allowed = this.#allowedOf(owner, reader)
    const owned = this.#spansOf.get(owner) ?? new Set()
    return spansAt(reader).filter((span) => owned.has(span) && !allowed.has(span))
  }

  /** Spans of an owner, acknowledged, that it does not have any more. */
  losses(owner: MeshDevice): readonly number[] {
    const held = new Set(spansAt(owner))
    return [...(this.#spansOf.get(owner) ?? [])].filter((span) => !held.has(span))
  }

  get members(): readonly MeshDevice[] {
    return this.devices.filter((device) => device.keeper.members.current().members.has(device.id))
  }

  async #happen(event: (typeof EVENTS)[number]): Promise<void> {
    const { random } = this.world
    const [a, b] = [random.pick(this.devices), random.pick(this.devices)]
    const steps = random.below(40)
    this.history.push(`${event} ${a.name} ${b.name} ${steps}`)
    await this[event](a, b, steps)
    for (let n = 0; n < steps; n++) await this.world.step(1 + random.below(8))
  }

  async record(a: MeshDevice): Promise<void> {
    if (!a.isRunning) return
    const span = ++this.#spans
    await this.world.until(a.record(manySpans(`app${span % 2}`, TRACE, span, 1)))
    const own = this.#spansOf.get(a) ?? new Set()
    this.#spansOf.set(a, own.add(span))
    for (const { owner, reader } of this.#live) if (owner === a) this.#allowedOf(owner, reader).add(span)
    if (this.world.random.next() < 0.5) a.cut()
  }

  async grant(a: MeshDevice, b: MeshDevice): Promise<void> {
    if (a === b || !a.isRunning || !isMember(a, b)) return
    const purpose = `grant ${++this.#grants}` // one that stands already would not be given again
    const granted = await this.world.until(a.grant(b, { lanes: ['traces'], purpose }).catch(whenRemovedMeanwhile))
    if (granted === undefined) return
    this.#live.push({ owner: a, reader: b, grantId: granted.grantId })
    for (const span of this.#spansOf.get(a) ?? []) this.#allowedOf(a, b).add(span)
  }

  async revoke(a: MeshDevice): Promise<void> {
    const granted = this.#live.find(({ owner }) => owner === a)
    if (granted === undefined || !a.isRunning) return
    await this.world.until(a.api('revoke', granted.grantId))
    this.#live = this.#live.filter((each) => each !== granted)
  }

  async partition(a: MeshDevice, b: MeshDevice): Promise<void> {
    if (a !== b) this.world.partition(a, b)
  }

  async heal(a: MeshDevice, b: MeshDevice): Promise<void> {
    if (a !== b) this.world.heal(a, b)
  }

  async cut(a: MeshDevice, b: MeshDevice): Promise<void> {
    if (a !== b) this.world.cut(a, b)
  }

  async kill(a: MeshDevice): Promise<void> {
    if (a.isRunning) a.kill()
  }

  async stop(a: MeshDevice): Promise<void> {
    if (a.isRunning) await this.world.until(a.stop())
  }

  async start(a: MeshDevice): Promise<void> {
    if (!a.isRunning) await this.world.until(a.restart())
  }

  async wait(_a: MeshDevice, _b: MeshDevice, steps: number): Promise<void> {
    this.world.clock.advance(steps * 500)
  }

  async run(): Promise<void> {
    await this.world.settle()
  }

  async remove(a: MeshDevice, b: MeshDevice): Promise<void> {
    // Rarely, and never by mistake of the model: whoever removes ends what it granted.
    if (a === b || !a.isRunning || !isMember(a, b) || this.world.random.next() < 0.6) return
    await this.world.until(a.api('removeMember', b.id).catch(whenRemovedMeanwhile))
    this.#live = this.#live.filter(({ owner, reader }) => owner !== a || reader !== b)
  }

  async pair(a: MeshDevice, b: MeshDevice): Promise<void> {
    if (a === b || !a.isRunning || !b.isRunning) return
    try {
      const { ticket } = await this.world.until(a.host.invite())
      await this.world.until(b.host.join(ticket, new AbortController().signal))
    } catch (err) {
      this.history.push(`  not paired: ${codeOf(err)}`)
    }
  }

  #allowedOf(owner: MeshDevice, reader: MeshDevice): Set<number> {
    const name = `${owner.name} > ${reader.name}`
    const allowed = this.#allowed.get(name) ?? new Set<number>()
    this.#allowed.set(name, allowed)
    return allowed
  }
}

function whenRemovedMeanwhile(err: unknown): undefined {
  if (!['CONSENT_NOT_A_MEMBER', 'MEMBER_REMOVED', 'MEMBER_UNKNOWN'].includes(codeOf(err))) throw err
}

function isMember(of: MeshDevice, other: MeshDevice): boolean {
  const { members } = of.keeper.members.current()
  return members.has(of.id) && members.has(other.id)
}

/** Numbers of the spans that a device can show, open ones too. */
function spansAt(device: MeshDevice): readonly number[] {
  return openAll(device.keeper.records.chunksOf(traceIdOf(TRACE)))
    .flatMap(({ payload }) => decodeSpans(payload))
    .map(({ spanId }) => Number.parseInt(spanId, 16))
}
