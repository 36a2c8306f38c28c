/** What the agent records of itself, through the one door, as every other source. */
import { AGENT_MODULE, type Signal } from '../../model/lane.ts'
import type { DamageNotes } from './damage-notes.ts'
import type { LocalIntake } from './local-intake.ts'

interface OwnCallsDeps {
  readonly intake: Pick<LocalIntake, 'take'>
  readonly damage: Pick<DamageNotes, 'list'>
}

export function ownCalls({ intake, damage }: OwnCallsDeps) {
  return {
    /** What was found damaged since the start; that there is an answer says that this thread works. */
    corruptParts: () => damage.list().map(({ part }) => part),
    /** OTLP protobuf of the agent's own. */
    async takeOwn(signal: Signal, bytes: Uint8Array): Promise<void> {
      await intake.take(signal, bytes, { kind: 'agent', module: AGENT_MODULE })
    },
  }
}
