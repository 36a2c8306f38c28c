/** Whether somebody in between can win at nearby pairing, in every order of every message, up to three sessions at once. */
import { describe, expect, test } from 'vitest'
import { AS_BUILT, searchAttack, type Protocol, type Session } from '../../support/symbolic-pairing.ts'

const ROLES = ['caller', 'answerer'] as const
const two: readonly (readonly Session[])[] = ROLES.flatMap((alice) =>
  ROLES.map(
    (bob) =>
      [
        { who: 'Alice', role: alice },
        { who: 'Bob', role: bob },
      ] as const,
  ),
)
const three = two.flatMap((sessions) => ROLES.map((role): readonly Session[] => [...sessions, { who: 'Bob', role }]))

/** Numbers of role assignments in which Mallory wins. */
function attacks(protocol: Protocol, bounds: readonly (readonly Session[])[]): number {
  return bounds.filter((sessions) => searchAttack(protocol, sessions).attack !== undefined).length
}

describe('nearby pairing, symbolically', () => {
  test('[PN6] [SY1] nobody in between wins, whoever calls whom, with two sessions or three', () => {
    expect(attacks(AS_BUILT, two)).toBe(0)
    expect(attacks(AS_BUILT, three)).toBe(0)
    // The search is not empty: this many situations were looked at for three sessions of which one calls.
    expect(searchAttack(AS_BUILT, three[1] as readonly Session[]).states).toBeGreaterThan(1_000)
  })

  test('[SY1] without the commitment she wins, by choosing her nonce last', () => {
    const { attack } = searchAttack({ ...AS_BUILT, commits: false }, two[1] as readonly Session[])
    expect(attack?.at(-1)).toMatch(/take open m\d, Mallory$/)
    expect(attacks({ ...AS_BUILT, commits: false }, two)).toBeGreaterThan(0)
  })

  test('[SY1] with a commitment that nobody checks she wins', () => {
    expect(attacks({ ...AS_BUILT, checksOpening: false }, two)).toBeGreaterThan(0)
  })

  test('[SY1] with a code that leaves out who is at the other end of the link she wins by passing words on', () => {
    const relayed = searchAttack({ ...AS_BUILT, bindsKeys: false, checksCard: false }, two[1] as readonly Session[])
    expect(relayed.attack).toContain('Alice 0: take commit repeated')
  })

  test('[SY1] either of the two that say it is enough: the keys in the code, or the card that must have the link’s key', () => {
    expect(attacks({ ...AS_BUILT, bindsKeys: false }, two)).toBe(0)
    expect(attacks({ ...AS_BUILT, checksCard: false }, two)).toBe(0)
  })
})
