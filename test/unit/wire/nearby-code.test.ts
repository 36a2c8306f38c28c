/** What a nearby pairing is bound together with: the commitment, and the code and token that follow from everything said. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { toMeshId } from '../../../src/model/ids.ts'
import { nearbyCommitment, nearbyOutcome, type NearbyTranscript } from '../../../src/wire/nearby-code.ts'
import type { NearbyPart, PairCommit, PairOpen, PairSeek, PairShow } from '../../../src/wire/nearby-messages.ts'
import * as fx from './fixtures.ts'

interface Golden {
  readonly commitment: string
  readonly emoji: readonly string[]
  readonly numbers: readonly number[]
  readonly token: string
}

const [seek, commit, show, open] = fx
  .vectors('pair-messages')
  .slice(5)
  .map(({ value }) => value) as [PairSeek, PairCommit, PairShow, PairOpen]
const file = readFileSync(new URL('../../vectors/nearby-code.json', import.meta.url), 'utf8')
const [golden] = (JSON.parse(file) as { cases: Golden[] }).cases as [Golden]
const transcript: NearbyTranscript = {
  versions: seek.versions,
  version: commit.version,
  callerPeerKey: fx.phone.card.peerKey,
  answererPeerKey: fx.laptop.card.peerKey,
  commitment: commit.commitment,
  caller: show.part,
  answerer: open.part,
}

const otherParts = (part: NearbyPart): NearbyPart[] => [
  { ...part, nonce: fx.bytes(0, 32) },
  { ...part, mesh: toMeshId(fx.bytes(0, 16)) as NearbyPart['mesh'] },
  { ...part, hasOthers: !part.hasOthers },
  ...[{ deviceId: 'ab'.repeat(32) }, { name: 'Other' }, { peerKey: fx.bytes(0, 32) }, { sealKey: fx.bytes(0, 32) }].map(
    (other) => ({ ...part, card: { ...part.card, ...other } as NearbyPart['card'] }),
  ),
]
/** Every transcript that differs from the golden one in one thing. */
const others: NearbyTranscript[] = [
  { ...transcript, versions: [1, 2] },
  { ...transcript, versions: [2, 1] },
  { ...transcript, version: 2 },
  { ...transcript, callerPeerKey: fx.bytes(0, 32) },
  { ...transcript, answererPeerKey: fx.bytes(0, 32) },
  { ...transcript, commitment: fx.bytes(0, 32) },
  ...otherParts(show.part).map((caller) => ({ ...transcript, caller })),
  ...otherParts(open.part).map((answerer) => ({ ...transcript, answerer })),
  { ...transcript, caller: open.part, answerer: show.part },
]

describe('nearby code', () => {
  test('[PN6] golden: commitment, pictures, numbers and token of one pairing', () => {
    const { code, token } = nearbyOutcome(fx.crypto, transcript)
    expect(fx.toHex(nearbyCommitment(fx.crypto, transcript, open.part))).toBe(golden.commitment)
    expect(fx.toHex(commit.commitment)).toBe(golden.commitment)
    expect(code.emoji.map(({ name }) => name)).toEqual(golden.emoji)
    expect(code.numbers).toEqual(golden.numbers)
    expect(fx.toHex(token)).toBe(golden.token)
  })

  test('[PN6] whatever differs in what was said gives another code and another token', () => {
    const outcomes = [transcript, ...others].map((each) => nearbyOutcome(fx.crypto, each))
    expect(new Set(outcomes.map(({ code }) => code.numbers.join())).size).toBe(outcomes.length)
    expect(new Set(outcomes.map(({ code }) => code.emoji.map(({ name }) => name).join())).size).toBe(outcomes.length)
    expect(new Set(outcomes.map(({ token }) => fx.toHex(token))).size).toBe(outcomes.length)
  })

  test('[PN6] a commitment holds for one part, one version and these two devices', () => {
    const parts = otherParts(open.part).map((part) => nearbyCommitment(fx.crypto, transcript, part))
    const parties = others.slice(0, 5).map((each) => nearbyCommitment(fx.crypto, each, open.part))
    const all = [commit.commitment, ...parts, ...parties].map(fx.toHex)
    expect(new Set(all).size).toBe(all.length)
  })
})
