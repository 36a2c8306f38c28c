import { describe, expect, test } from 'vitest'
import { toMeshId } from '../../../src/model/ids.ts'
import type { PairAccept, PairJoin, PairOffer } from '../../../src/wire/pair-messages.ts'
import { isPairProof, pairProof, type PairTranscript } from '../../../src/wire/pair-proof.ts'
import * as fx from './fixtures.ts'

const [join, offer, accept] = fx.vectors('pair-messages').map(({ value }) => value) as [PairJoin, PairOffer, PairAccept]
const token = fx.bytes(0xe0, 16)
const parties = {
  inviter: fx.laptop.card.deviceId,
  inviterPeerKey: fx.laptop.card.peerKey,
  joinerPeerKey: fx.phone.card.peerKey,
}
const joining = { role: 'join', ...parties, join } as const
const offering = { role: 'offer', ...parties, join, offer } as const
const accepting = { role: 'accept', ...parties, join, offer, subjectSignature: accept.subjectSignature } as const

const otherCard = (card: PairJoin['card']) => [
  { ...card, deviceId: fx.laptop.card.deviceId === card.deviceId ? fx.phone.card.deviceId : fx.laptop.card.deviceId },
  { ...card, name: 'Other' },
  { ...card, peerKey: fx.bytes(0, 32) },
  { ...card, sealKey: fx.bytes(0, 32) },
]
const joins = [
  { ...join, tokenId: fx.bytes(0, 8) },
  { ...join, nonce: fx.bytes(0, 16) },
  ...otherCard(join.card).map((card) => ({ ...join, card })),
]
const offers = [
  { ...offer, nonce: fx.bytes(0, 16) },
  ...otherCard(offer.card).map((card) => ({ ...offer, card })),
  { ...offer, mesh: toMeshId(fx.bytes(0, 16)) as PairOffer['mesh'] },
  { ...offer, ops: [] },
  { ...offer, ops: [...offer.ops, fx.bytes(0, 4)] },
  { ...offer, addPayload: fx.bytes(0, 4) },
  { ...offer, addAuthorSignature: fx.bytes(0, 64) },
]
const strangers = [
  { inviter: fx.phone.card.deviceId },
  { inviterPeerKey: fx.bytes(0, 32) },
  { joinerPeerKey: fx.bytes(0, 32) },
]

/** Every transcript that differs from the accepted one in one thing. */
const others: PairTranscript[] = [
  ...strangers.map((other) => ({ ...accepting, ...other })),
  ...joins.map((other) => ({ ...accepting, join: other })),
  ...offers.map((other) => ({ ...accepting, offer: other })),
  { ...accepting, subjectSignature: fx.bytes(0, 64) },
  joining,
  offering,
]

describe('pairing proof', () => {
  test('[PA3] golden: the proofs of one pairing', () => {
    expect(fx.toHex(pairProof(fx.crypto, token, joining))).toBe(fx.toHex(join.mac))
    expect(fx.toHex(pairProof(fx.crypto, token, offering))).toBe(fx.toHex(offer.mac))
    expect(fx.toHex(pairProof(fx.crypto, token, accepting))).toBe(fx.toHex(accept.mac))
  })

  test('[PA3] a proof holds for its own role and transcript only', () => {
    expect(isPairProof(fx.crypto, token, accepting, accept.mac)).toBe(true)
    for (const other of others) expect(isPairProof(fx.crypto, token, other, accept.mac)).toBe(false)
  })

  test('[PA3] no two things that can differ give the same proof', () => {
    const proofs = [...others, accepting].map((transcript) => fx.toHex(pairProof(fx.crypto, token, transcript)))
    expect(new Set(proofs).size).toBe(proofs.length)
  })

  test('[PA4] a proof needs the token, and has one length', () => {
    expect(isPairProof(fx.crypto, fx.bytes(0, 16), accepting, accept.mac)).toBe(false)
    expect(isPairProof(fx.crypto, token, accepting, accept.mac.subarray(1))).toBe(false)
    expect(isPairProof(fx.crypto, token, accepting, new Uint8Array(0))).toBe(false)
  })
})
