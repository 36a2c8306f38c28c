/** Goes on sharing after an alarm: what it is about is said first, then the person is asked. */
import type { AlarmView, StatusView } from '../../agent/http-types/device.ts'
import type { Command } from '../command.ts'
import { confirm } from '../confirm.ts'
import { describeAlarms } from './status-words.ts'

export const auditAccept: Command = {
  name: 'audit accept',
  takes: '',
  help: 'go on sharing after an alarm: you know what was put back or lost',
  details: [
    'An alarm says that a database of this device was put back to an older state, or lost what was written last.',
    'Until it is accepted this device shares nothing. See first which grants stand: aico-mesh consent list',
  ],
  examples: ['audit accept'],
  options: { yes: { type: 'boolean', help: 'accept it without a question, as scripts must' } },
  async run({ client, output, options }) {
    const { alarms } = await client.callAnyway<StatusView>('GET', '/v1/status')
    if (alarms.length > 0) {
      output.hint(describeAlarms(alarms, output.width).join('\n'))
      if (options['yes'] !== true) await confirm('Go on sharing under the grants that stand?')
    }
    const view = await client.callAnyway<{ accepted: readonly AlarmView[] }>('POST', '/v1/audit/accept')
    output.answer(view, () =>
      view.accepted.length === 0 ? 'There is no alarm.' : 'Sharing goes on. The audit log has what happened.',
    )
  },
}
