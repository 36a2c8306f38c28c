/** What happens on this device and in its mesh, told to the person: what was told before is not told again. */
import type { DeviceId } from '../../model/ids.ts'
import { membersOf, memberNews, type Members } from '../../policy/notifications/member-news.ts'
import { nearlyFull, type StorageUse } from '../../policy/notifications/nearly-full.ts'
import type { SettingTable } from '../../store/small-tables.ts'
import type { LedgerEntry } from '../../sync/ledger.ts'
import type { MembershipService } from '../../sync/membership-service.ts'
import { SETTING } from './device-settings.ts'
import type { Notices } from './notices.ts'
import { toldByAudit } from './told-by-audit.ts'
import { toldByRefusal } from './told-by-code.ts'

export interface NewsDeps {
  readonly self: DeviceId
  readonly notices: Pick<Notices, 'raise'>
  readonly settings: Pick<SettingTable, 'get' | 'set'>
  /** Undefined while the device starts. */
  readonly members: () => Pick<MembershipService, 'current' | 'cardOf'> | undefined
}

export class News {
  readonly #deps: NewsDeps
  /** As the person was told of them; undefined while the device starts. */
  #members: Members | undefined

  constructor(deps: NewsDeps) {
    this.#deps = deps
  }

  /** What the person calls a device that is or was one of theirs. */
  nameOf(device: DeviceId): string {
    if (device === this.#deps.self) return 'this device'
    return this.#deps.members()?.cardOf(device)?.name ?? 'another device'
  }

  /** An entry of the audit log was written. */
  leafWritten(entry: LedgerEntry): void {
    const { notices, settings } = this.#deps
    const news = toldByAudit(entry, (device) => this.nameOf(device))
    if (news !== undefined) notices.raise(news.id, news.args)
    if (entry.type === 'agent.started') this.#runBegins()
    if (entry.type === 'agent.stopped') settings.set(SETTING.agentRuns, false)
  }

  /** Something that a device sent was not taken. */
  refused(code: string, device: DeviceId): void {
    const id = toldByRefusal(code)
    if (id !== undefined) this.#deps.notices.raise(id, { device: this.nameOf(device) })
  }

  storageUsed(uses: readonly StorageUse[]): void {
    const { notices, settings } = this.#deps
    const before = (settings.get(SETTING.toldFull) ?? []) as readonly string[]
    const { tell, told } = nearlyFull(uses, before)
    for (const each of tell) notices.raise('storage.nearly-full', each)
    if (told.join() !== before.join()) settings.set(SETTING.toldFull, told)
  }

  /** Who is a member may have changed; the first call says who is one at the start. */
  membersAre(): void {
    const membership = this.#deps.members()?.current()
    if (membership === undefined) return
    const { notices, self } = this.#deps
    const news = this.#members === undefined ? [] : memberNews(this.#members, membership, self)
    for (const { id, args } of news) notices.raise(id, args)
    this.#members = membersOf(membership)
  }

  /** An agent that was still running when this one started has not ended in order. */
  #runBegins(): void {
    const { notices, settings } = this.#deps
    if (settings.get(SETTING.agentRuns) === true) notices.raise('agent.recovered', {})
    else settings.set(SETTING.agentRuns, true)
  }
}
