/** `store reindex`: makes the index again, and says how far it is. */
import { setTimeout as pause } from 'node:timers/promises'
import type { ReindexView } from '../../agent/http-types/device.ts'
import { nodeClock } from '../../platform/node-clock.ts'
import { CliError } from '../cli-error.ts'
import type { Command } from '../command.ts'
import { Progress } from '../progress.ts'
import { plural } from '../render/plural.ts'

/** Pause between two looks at how far it is, in milliseconds. */
const LOOK_EVERY_MS = 200
const PATH = '/v1/store/reindex'

export const reindexCommand: Command = {
  name: 'store reindex',
  takes: '',
  help: 'make what records are found by again, from the records themselves',
  details: [
    'Records are taken in and found meanwhile. It goes on when this command is interrupted, and after a restart of the agent. An index that turns out to be damaged is made again without being asked.',
  ],
  examples: ['store reindex', 'store reindex --json'],
  async run({ client, output }) {
    const progress = new Progress({ output, stderr: process.stderr, monotonic: () => nodeClock.monotonic() })
    let view = await client.callAnyway<ReindexView>('POST', PATH)
    while (view.isRunning) {
      await pause(LOOK_EVERY_MS)
      view = await client.callAnyway<ReindexView>('GET', PATH)
      const { segments, ofSegments } = view
      progress.show(() => `${segments.toLocaleString('en')} of ${plural(ofSegments, 'segment')} read`)
    }
    const seconds = progress.finish()
    if (view.failure !== null) {
      throw new CliError('REINDEX_FAILED', `the index could not be made again (${view.failure}); the old one answers`)
    }
    output.answer(
      view,
      () => `The index was made again from ${plural(view.segments, 'segment')}, in ${seconds.toFixed(1)} s.`,
    )
  },
}
