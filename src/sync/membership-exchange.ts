/**
 * A session's part in membership (docs/spec/session.md, SE3): each side names the operations it has, and whoever has more
 * sends them.
 */
import { equalBytes } from '../base/bytes.ts'
import type { OpId } from '../model/ids.ts'
import { MAX_MEMBER_OPS, type SyncMessage } from '../wire/sync-message-types.ts'
import { chunksOf } from './chunks-of.ts'
import type { SyncStore } from './sync-store.ts'

export interface MembershipExchangeDeps {
  readonly store: Pick<SyncStore, 'membershipDigest' | 'memberOpIds' | 'memberOpsBeyond' | 'acceptMemberOps'>
  readonly post: (message: SyncMessage) => void
  /** The other side was sent operations that it lacked. */
  readonly onSent: () => Promise<void>
  /** There were operations that we lacked. */
  readonly onNews: () => void
}

export class MembershipExchange {
  readonly #deps: MembershipExchangeDeps
  /** The last list of operations that was answered with ours, and how many ours were. */
  #answered: { readonly theirs: readonly OpId[]; readonly ours: number } | undefined
  /** Digest of the membership that the other side was last told of. */
  #toldDigest: Uint8Array = new Uint8Array(0)

  constructor(deps: MembershipExchangeDeps) {
    this.#deps = deps
  }

  /** @param digest of what the other side has */
  async onHello(digest: Uint8Array): Promise<void> {
    this.#toldDigest = digest
    await this.tellIfNew()
  }

  /** After a change of membership: the other side takes what it lacks. */
  async tellIfNew(): Promise<void> {
    const digest = await this.#deps.store.membershipDigest()
    if (equalBytes(digest, this.#toldDigest)) return
    this.#toldDigest = digest
    await this.#tell()
  }

  async onMembers(theirs: readonly OpId[]): Promise<void> {
    const { store, post, onSent } = this.#deps
    const ours = new Set(await store.memberOpIds())
    if (theirs.some((id) => !ours.has(id)) && !this.#isAnswered(theirs, ours.size)) await this.#tell()
    const lacking = chunksOf(await store.memberOpsBeyond(theirs), MAX_MEMBER_OPS)
    for (const ops of lacking) post({ type: 'member-ops', ops })
    if (lacking.length > 0) await onSent()
  }

  async onMemberOps(ops: readonly Uint8Array[]): Promise<void> {
    if (await this.#deps.store.acceptMemberOps(ops)) this.#deps.onNews()
  }

  async #tell(): Promise<void> {
    this.#deps.post({ type: 'members', opIds: await this.#deps.store.memberOpIds() })
  }

  /** Two devices that can never agree, since one has no room for more, must not tell each other so for ever. */
  #isAnswered(theirs: readonly OpId[], ours: number): boolean {
    const last = this.#answered
    this.#answered = { theirs, ours }
    return last?.ours === ours && last.theirs.length === theirs.length && last.theirs.every((id, i) => id === theirs[i])
  }
}
