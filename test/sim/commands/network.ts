/** Who reaches whom, and what goes wrong on the way. */
import { WIRE_FAULTS, type WireFault } from '../wire-faults.ts'
import type { Command } from './command.ts'

export const NETWORK_COMMANDS: readonly Command[] = [
  { name: 'partition', weight: 3, run: ({ world: { hub } }, { a, b }) => hub.partition(a.peerKey, b.peerKey) },
  { name: 'heal', weight: 6, run: ({ world: { hub } }, { a, b }) => hub.heal(a.peerKey, b.peerKey) },
  { name: 'reset', weight: 3, run: ({ world: { hub } }, { a, b }) => hub.cut(a.peerKey, b.peerKey) },
  {
    name: 'spoil',
    weight: 3,
    run(model, { a, b, n }) {
      const fault = WIRE_FAULTS[n % WIRE_FAULTS.length] as WireFault
      model.isRough = true
      model.note(`${fault}, ${1 + ((n >> 3) % 3)} frames`)
      model.world.spoil(a, b, fault, 1 + ((n >> 3) % 3))
    },
  },
]
