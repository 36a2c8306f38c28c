/** The stage: what is collected, shown and opened. A change is said in words and asked about first. */
import type { StageChangeView, StatusView } from '../../agent/http-types/device.ts'
import type { Command } from '../command.ts'
import { confirm } from '../confirm.ts'
import { usage } from '../cli-error.ts'
import { oneOf } from '../option-values.ts'
import { wrapText } from '../render/wrap-text.ts'

const refuseStage = oneOf(['casual', 'pro', 'developer'])

export const stageCommand: Command = {
  name: 'stage',
  takes: '[STAGE]',
  help: 'show the stage, or change what is collected, shown and opened',
  details: [
    'Stages: casual keeps errors and opens no port; pro adds logs, pairing and consent; developer adds traces and OTLP.',
    'What starts and what ends is said first, then you are asked. Going up shares nothing by itself.',
  ],
  examples: ['stage', 'stage developer'],
  options: { yes: { type: 'boolean', help: 'change it without a question, as scripts must' } },
  words: [0, 1],
  async run({ client, output, words, options }) {
    const [to] = words
    if (to === undefined) {
      const { stage } = await client.callAnyway<StatusView>('GET', '/v1/status')
      return output.answer({ stage }, () => `This device is at the ${stage} stage.`)
    }
    const taken = refuseStage(to)
    if (taken !== undefined) throw usage(`a stage is ${taken}`)
    const plan = await client.callAnyway<StageChangeView>('GET', `/v1/stage/${to}`)
    if (plan.from === plan.to) return output.answer(plan, () => `This device is at the ${to} stage already.`)
    output.hint(describeChange(plan, output.width))
    if (options['yes'] !== true) await confirm(`Go to ${to}?`)
    const change = await client.callAnyway<StageChangeView>('POST', '/v1/stage', { stage: to })
    output.answer(change, () =>
      [
        `This device is now at the ${to} stage.`,
        ...(change.otlp ? [`Programs report to OTEL_EXPORTER_OTLP_ENDPOINT=${change.otlp}`] : []),
      ].join('\n'),
    )
  },
}

function describeChange({ opens, closes, kept }: StageChangeView, width: number): string {
  const list = (title: string, sentences: readonly string[]): readonly string[] =>
    sentences.length === 0 ? [] : [title, ...sentences.flatMap((text) => wrapText(text, { width, lead: '  - ' }))]
  return [
    ...list('This starts:', opens),
    ...list('This ends:', closes),
    ...(kept === '' ? [] : wrapText(kept, { width })),
  ].join('\n')
}
