/** The stage: what is collected, shown and opened. A change is said in words and asked about first. */
import type { StageChangeView, StatusView } from '../../agent/http-types/device.ts'
import type { Command, CommandContext } from '../command.ts'
import { confirm, isWanted } from '../confirm.ts'
import { usage } from '../cli-error.ts'
import { oneOf } from '../option-values.ts'
import { plural } from '../render/plural.ts'
import { wrapText } from '../render/wrap-text.ts'

const refuseStage = oneOf(['casual', 'pro', 'developer'])

export const stageCommand: Command = {
  name: 'stage',
  takes: '[STAGE]',
  help: 'show the stage, or change what is collected, shown and opened',
  details: [
    'Stages: casual keeps errors and opens no port; pro adds logs, pairing and consent; developer adds traces and OTLP.',
    'What starts and what ends is said first, then you are asked. Going up shares nothing by itself.',
    'Going down, you are asked too whether what was kept above the new stage stays until its retention ends (as with --yes) or is deleted now. Errors stay, and so do the audit log and what is held.',
  ],
  examples: ['stage', 'stage developer', 'stage casual --delete-kept'],
  options: {
    yes: { type: 'boolean', help: 'change it without a question, as scripts must' },
    'keep-kept': { type: 'boolean', help: 'going down: keep what was kept until its retention ends' },
    'delete-kept': { type: 'boolean', help: 'going down: delete what was kept above the new stage now' },
  },
  words: [0, 1],
  async run({ client, output, words, options }) {
    const [to] = words
    if (to === undefined) {
      const { stage } = await client.callAnyway<StatusView>('GET', '/v1/status')
      return output.answer({ stage }, () => `This device is at the ${stage} stage.`)
    }
    const taken = refuseStage(to)
    if (taken !== undefined) throw usage(`a stage is ${taken}`)
    if (options['keep-kept'] === true && options['delete-kept'] === true) throw usage('keep it, or delete it')
    const plan = await client.callAnyway<StageChangeView>('GET', `/v1/stage/${to}`)
    if (plan.from === plan.to) return output.answer(plan, () => `This device is at the ${to} stage already.`)
    if (options['delete-kept'] === true && plan.kept === '') throw usage('only going down leaves something to delete')
    output.hint(describeChange(plan, output.width))
    if (options['yes'] !== true) await confirm(`Go to ${to}?`)
    const kept = await fateOf(plan, options)
    const change = await client.callAnyway<StageChangeView>('POST', '/v1/stage', {
      stage: to,
      ...(kept === 'delete' ? { kept } : {}),
    })
    output.answer(change, () =>
      [
        `This device is now at the ${to} stage.`,
        ...deletedWords(change),
        ...(change.otlp ? [`Programs report to OTEL_EXPORTER_OTLP_ENDPOINT=${change.otlp}`] : []),
      ].join('\n'),
    )
  },
}

async function fateOf({ kept }: StageChangeView, options: CommandContext['options']): Promise<'keep' | 'delete'> {
  if (options['delete-kept'] === true) return 'delete'
  if (kept === '' || options['keep-kept'] === true || options['yes'] === true) return 'keep'
  return (await isWanted('Delete now what was kept above it?')) ? 'delete' : 'keep'
}

function deletedWords({ to, deleted }: StageChangeView): readonly string[] {
  if (deleted === undefined || deleted === null) return []
  const { records, held } = deleted
  return [
    `${plural(records, 'record')} deleted.${to === 'casual' ? ' Errors stay.' : ''}`,
    ...(held === 0 ? [] : [`Kept because of a hold: ${plural(held, 'record')} (aico-mesh store holds).`]),
  ]
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
