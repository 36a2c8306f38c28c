/**
 * Whatever happens to a person's devices and in whatever order their messages arrive: when they can meet again, they
 * agree, and nobody holds what it was never allowed to see. Seeds that once failed stay; SIM_SEEDS=1,2,3 and SIM_EVENTS=500 run others.
 */
import { expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { Simulation } from '../support/simulation.ts'

/** Seeds that failed once, with the number of events it took. */
const ONCE_FAILED = [
  [125, 120],
  [130, 120],
  [1041, 250],
] as const
const OTHERS = [1, 2, 3, 4, 5].map((seed) => [seed, 60] as const)
const asked = process.env['SIM_SEEDS']
  ?.split(',')
  .map((seed) => [Number(seed), Number(process.env['SIM_EVENTS'] ?? 120)] as const)

/** Ends of sessions that say nothing against anybody: the link died, or one side was told that it is no member. */
const ORDINARY = /^(?:LINK_|SYNC_SILENT$|SYNC_REFUSED$|SYNC_NOT_A_MEMBER$)/

test.each(asked ?? [...ONCE_FAILED, ...OTHERS])(
  'seed %d, %d events: devices that can meet agree, nothing leaks, nothing acknowledged is lost',
  async (seed, events) => {
    const simulation = await Simulation.of(seed, ['phone', 'laptop', 'tablet'])
    try {
      await simulation.live(events)
      await simulation.calm()
      const pairs = simulation.devices.flatMap((owner) =>
        simulation.devices.flatMap((reader) => (owner === reader ? [] : [[owner, reader] as const])),
      )
      const members = simulation.members
      const problems = {
        leaks: pairs.flatMap(([owner, reader]) => simulation.leaks(owner, reader)),
        losses: simulation.devices.flatMap((device) => simulation.losses(device)),
        membership:
          new Set(members.map((device) => `${device.keeper.members.mesh()} ${toHex(device.keeper.members.digest())}`))
            .size > members.length,
        consent: pairs
          .filter(([owner, reader]) => areMates(owner, reader))
          .flatMap(([owner, reader]) => consentGap(owner, reader)),
        records: pairs
          .filter(([owner, reader]) => areMates(owner, reader))
          .flatMap(([owner, reader]) => recordGap(owner, reader)),
        members: pairs
          .filter(([a, b]) => areMates(a, b))
          .flatMap(([a, b]) => (sameMembers(a, b) ? [] : [`${a.name} and ${b.name}`])),
        failures: simulation.devices.flatMap((device) =>
          device.failures.map((err) => `${device.name}: ${String(err)}`),
        ),
        sessions: simulation.devices.flatMap((device) =>
          device.sessionFailures.filter((code) => !ORDINARY.test(String(code))),
        ),
        refused: simulation.devices.flatMap((device) =>
          device.logged('a run was refused').map(({ fields }) => fields['code']),
        ),
        errors: simulation.devices.flatMap((device) => device.log.filter(({ level }) => level === 'error')),
      }
      expect(problems, simulation.history.join('\n')).toEqual({
        leaks: [],
        losses: [],
        membership: false,
        consent: [],
        records: [],
        members: [],
        failures: [],
        sessions: [],
        refused: [],
        errors: [],
      })
    } finally {
      await simulation.world.close()
    }
  },
)

/** Both are members, of the same mesh, in both their eyes. */
function areMates(a: MeshDevice, b: MeshDevice): boolean {
  const knows = (of: MeshDevice, other: MeshDevice): boolean => {
    const { members } = of.keeper.members.current()
    return members.has(of.id) && members.has(other.id)
  }
  return a.keeper.members.mesh() === b.keeper.members.mesh() && knows(a, b) && knows(b, a)
}

function sameMembers(a: MeshDevice, b: MeshDevice): boolean {
  return toHex(a.keeper.members.digest()) === toHex(b.keeper.members.digest())
}

function consentGap(owner: MeshDevice, reader: MeshDevice): readonly string[] {
  const between = (device: MeshDevice) =>
    device.keeper.consents
      .records()
      .filter(({ grant }) => grant.owner === owner.id && grant.recipient === reader.id)
      .map(({ grant, revokedBy }) => `${grant.opId} ${revokedBy?.opId}`)
      .sort()
  return JSON.stringify(between(owner)) === JSON.stringify(between(reader)) ? [] : [`${owner.name} to ${reader.name}`]
}

function recordGap(owner: MeshDevice, reader: MeshDevice): readonly string[] {
  const [offered, held] = [owner.keeper.serving.digestFor(reader.id), reader.keeper.receiving.digestOf(owner.id)]
  return toHex(offered) === toHex(held) ? [] : [`${owner.name} to ${reader.name}`]
}
