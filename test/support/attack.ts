/**
 * A paired device that keeps to no rule, and what is checked whatever it did: nothing failed by itself, and the records of
 * an honest device still come at once.
 */
import type { GrantId } from '../../src/model/ids.ts'
import type { HeadRow, LogRange } from '../../src/wire/log-rows.ts'
import type { SegmentBody } from '../../src/wire/segment-body.ts'
import type { Sealed } from '../../src/sync/serving.ts'
import type { MeshDevice } from './mesh-device.ts'
import { MeshWorld } from './mesh-world.ts'
import { manySpans } from './otlp-records.ts'
import { RawOwner } from './raw-owner.ts'
import { rawPeer, type RawPeer, type RawSession } from './raw-peer.ts'

export class Attack {
  readonly world: MeshWorld
  readonly victim: MeshDevice
  /** The device that keeps to no rule. It consents to the victim, who holds three segments of it. */
  readonly mallory: MeshDevice
  /** An honest device that the victim goes on with all the while. */
  readonly friend: MeshDevice
  readonly raw: RawPeer
  readonly owner: RawOwner
  readonly grantId: GrantId

  private constructor(parts: Pick<Attack, 'world' | 'victim' | 'mallory' | 'friend' | 'raw' | 'owner' | 'grantId'>) {
    this.world = parts.world
    this.victim = parts.victim
    this.mallory = parts.mallory
    this.friend = parts.friend
    this.raw = parts.raw
    this.owner = parts.owner
    this.grantId = parts.grantId
  }

  static async begin(): Promise<Attack> {
    const world = new MeshWorld()
    const [victim, mallory, friend] = await world.mesh('victim', 'mallory', 'friend')
    await world.until(friend.grant(victim))
    const { grantId } = await world.until(mallory.grant(victim, { lanes: ['traces'] }))
    for (let n = 0; n < 3; n++) await world.recorded(mallory, manySpans('app', 1, 1 + n * 10, 1))
    const raw = await rawPeer(world, mallory)
    return new Attack({ world, victim, mallory, friend, raw, owner: new RawOwner(mallory, victim), grantId })
  }

  /** @throws if the attack did harm to anything but itself */
  async end(): Promise<void> {
    const { world, victim, friend } = this
    const before = victim.recordsOf(friend)
    await world.recorded(friend, manySpans('app', 2, 1000 + before, 1))
    const came = victim.recordsOf(friend) - before
    const errors = [...victim.failures, ...victim.log.filter(({ level }) => level === 'error')]
    await world.close()
    if (came !== 1) throw new Error(`of one record of an honest device ${came} came`)
    if (errors.length > 0) throw new Error('the attack made something fail', { cause: errors[0] })
  }

  /** How often the victim counted a refusal. */
  counted(code: string): number {
    return this.victim.counters[`sync.refused.${code}`] ?? 0
  }

  /** Codes of runs that the victim refused, in order. */
  refusedRuns(): readonly string[] {
    return this.victim.logged('a run was refused').map(({ fields }) => fields['code'] as string)
  }

  /** A session in which both sides have said what they hold of each other's consent. */
  async opened(): Promise<RawSession> {
    const session = await this.raw.greet(this.victim)
    await session.say({ type: 'control-heads', mine: undefined, yours: undefined })
    return session
  }

  /** Mallory has one more segment than the victim, made by hand. */
  forged(body: SegmentBody): { readonly row: HeadRow; readonly sealed: Sealed } {
    const log = this.owner.log()
    const last = this.mallory.keeper.store.segments.last(log.rowId)
    const seq = (last?.seq ?? -1) + 1
    const segment = this.owner.forge(log, { seq, prev: last?.segmentId }, body)
    return {
      row: this.owner.row(log, { from: seq, to: seq }, segment.id),
      sealed: { header: segment.headerBytes, sealed: segment.sealed },
    }
  }
}

/** What the victim asked for last. */
export function wantedBy(session: RawSession): readonly LogRange[] {
  return session.all('want').at(-1)?.ranges ?? []
}
