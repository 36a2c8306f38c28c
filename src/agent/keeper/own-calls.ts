/** What the agent records of itself, through the one door, as every other source. */
import { AGENT_MODULE, type Signal } from '../../model/lane.ts'
import type { LocalIntake } from './local-intake.ts'

export function ownCalls({ intake }: { readonly intake: Pick<LocalIntake, 'take'> }) {
  return {
    /** OTLP protobuf of the agent's own. */
    async takeOwn(signal: Signal, bytes: Uint8Array): Promise<void> {
      await intake.take(signal, bytes, { kind: 'agent', module: AGENT_MODULE })
    },
  }
}
