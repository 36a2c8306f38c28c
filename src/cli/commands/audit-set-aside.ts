/** Goes on after damage to the audit log: it is kept beside a new one, which says so for ever. */
import type { AuditView } from '../../agent/http-types/device.ts'
import type { Command } from '../command.ts'
import { confirm } from '../confirm.ts'
import { setAsideWords } from '../render/audit-words.ts'

export const auditSetAside: Command = {
  name: 'audit set-aside',
  takes: '',
  help: 'go on after audit.db was damaged: keep it, and begin a new audit log',
  details: [
    'Put back a copy of audit.db if you have one: nothing is lost then. This is for when there is none. Stop the agent first. An audit log that is whole is never set aside.',
    'The damaged file stays beside the new log, whose first entry says so for as long as it is kept. It raises an alarm: this device shares nothing until `aico-mesh audit accept`.',
  ],
  examples: ['audit set-aside'],
  options: { yes: { type: 'boolean', help: 'do it without a question, as scripts must' } },
  async run({ client, output, options }) {
    if (options['yes'] !== true) await confirm('Keep the damaged audit log beside, and begin a new one?')
    const { leaves } = await client.callAlone<{ leaves: readonly AuditView[] }>({
      method: 'GET',
      path: '/v1/audit?limit=1',
      setAuditAside: true,
    })
    const first = leaves[0] as AuditView
    output.answer(first, () =>
      [
        `A new audit log has begun. Its first entry says what became of ${setAsideWords(first.payload)}.`,
        'This device shares nothing until you say that you know: aico-mesh audit accept',
      ].join('\n'),
    )
  },
}
