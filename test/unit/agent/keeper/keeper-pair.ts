/** Two devices in one process, paired the way the mesh pairs them, with the frames between them passed by hand. */
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import type { GrantRequest } from '../../../../src/sync/consent-service.ts'

/** `joiner` becomes a member of `inviter`'s mesh. */
export async function pairKeepers(inviter: Keeper, joiner: Keeper): Promise<void> {
  const { ticket } = inviter.pairing.invite(['/ip4/127.0.0.1/tcp/4001'])
  const { state, message: join } = joiner.pairing.startJoin(ticket)
  const answered = inviter.pairing.answerJoin(join, joiner.card.peerKey)
  const accept = joiner.pairing.answerOffer(state, answered.message)
  await inviter.pairing.finish(answered.state, accept)
  joiner.pairing.complete(state, answered.message, accept)
}

export async function grantTo(owner: Keeper, reader: Keeper, terms: Partial<GrantRequest> = {}): Promise<void> {
  await owner.consents.grant({
    recipient: reader.card.deviceId,
    may: 'see',
    lanes: ['traces'],
    modules: undefined,
    sinceUnixMs: 0,
    untilUnixMs: undefined,
    purpose: 'to test',
    ...terms,
  })
}

/** The two are connected: without it a lease runs out, and what was received under it is deleted. */
export function meet(owner: Keeper, reader: Keeper): void {
  reader.setConnected([owner.card.deviceId])
  reader.peers.remember(owner.card.deviceId, { lastSeenUnixMs: reader.deps.clock.now() })
}

/** One full sync from owner to reader: control and keys first, then everything offered. @returns segments moved */
export async function syncOnce(owner: Keeper, reader: Keeper): Promise<number> {
  const [from, to] = [owner.card.deviceId, reader.card.deviceId]
  meet(owner, reader)
  const head = reader.consents.head(from, to)
  await reader.consents.receive(from, owner.consents.entriesFor(to, head === undefined ? 0 : head.seq + 1))
  let moved = 0
  let { ranges } = reader.receiving.offer(from, owner.serving.rowsFor(to))
  while (ranges.length > 0) {
    for (const range of ranges) {
      const run = owner.serving.read(to, range, 1 << 22)
      if (run === 'denied') throw new Error('a range that was offered is denied')
      const { segments, asked: _asked, ...served } = run
      reader.receiving.take(from, served, segments)
      moved += segments.length
    }
    ;({ ranges } = reader.receiving.plan(from))
  }
  return moved
}
