/** Every command there is, and what can be found among them: a command by its words, a page of help, a near miss. */
import { usage, type CliError } from './cli-error.ts'
import type { Command, Options } from './command.ts'
import { carryCommands } from './commands/carry-commands.ts'
import { consentCommands } from './commands/consent-commands.ts'
import { deviceCommands } from './commands/device-commands.ts'
import { exportCommand } from './commands/export-command.ts'
import { importCommand } from './commands/import-command.ts'
import { investigateCommands } from './commands/investigate-commands.ts'
import { meshCommands } from './commands/mesh-commands.ts'
import { metricsCommand } from './commands/metrics-command.ts'
import { moduleCommands } from './commands/module-commands.ts'
import { notificationCommands } from './commands/notification-commands.ts'
import { pluginCommands } from './commands/plugin-commands.ts'
import { recordCommands } from './commands/record-commands.ts'
import { searchCommands } from './commands/search-commands.ts'
import { stageCommand } from './commands/stage-command.ts'
import { storeCommands } from './commands/store-commands.ts'
import { tailCommands } from './commands/tail-commands.ts'
import { commandPage, groupPage, programPage, type HelpPage, type Section } from './help.ts'
import { nearest } from './nearest.ts'

export const COMMON_OPTIONS: Options = {
  home: { type: 'string', value: 'DIR', help: 'where the device keeps its keys and records' },
  json: { type: 'boolean', help: 'print one JSON document, whatever happens' },
  'passphrase-file': {
    type: 'string',
    value: 'FILE',
    help: 'the passphrase of a locked device; else $AICO_MESH_PASSPHRASE, else it is asked for',
  },
  help: { type: 'boolean', short: 'h', help: 'what a command does and takes' },
  version: { type: 'boolean', help: 'the version of this program' },
}
const SECTIONS: readonly Section[] = [
  {
    title: 'This device',
    commands: [
      ...deviceCommands,
      stageCommand,
      ...notificationCommands,
      ...moduleCommands,
      ...pluginCommands,
      ...storeCommands,
    ],
  },
  { title: 'Your other devices', commands: meshCommands },
  { title: 'Who may see what', commands: [...consentCommands, ...carryCommands] },
  {
    title: 'What was recorded',
    commands: [
      ...recordCommands,
      ...investigateCommands,
      ...searchCommands,
      ...tailCommands,
      metricsCommand,
      importCommand,
      exportCommand,
    ],
  },
]
const COMMANDS = SECTIONS.flatMap(({ commands }) => commands)
/** To tell words from values before the command is known: an option of one name takes a value everywhere, or nowhere. */
export const ALL_OPTIONS: Options = Object.assign(
  {},
  ...COMMANDS.map(({ options }) => options),
  COMMON_OPTIONS,
) as Options

/** The command whose name `words` begin with, the longest name first. */
export function findCommand(words: readonly string[]): Command | undefined {
  return COMMANDS.filter(({ name }) => name === words.slice(0, name.split(' ').length).join(' '))
    .sort((a, b) => b.name.length - a.name.length)
    .at(0)
}

/** Help on a command, on a group of commands such as `consent`, or on everything. @throws {CliError} `CLI_USAGE` */
export function pageFor(words: readonly string[]): HelpPage {
  if (words.length === 0) return programPage(SECTIONS, COMMON_OPTIONS)
  const command = findCommand(words)
  if (command !== undefined) return commandPage(command, groupOf(command.name), COMMON_OPTIONS)
  const group = words.join(' ')
  if (groupOf(group).length === 0) throw unknownCommand(words)
  return groupPage(group, groupOf(group), COMMON_OPTIONS)
}

export function unknownCommand(words: readonly string[]): CliError {
  const group = innermostGroup(words)
  const inGroup = groupOf(group)
  if (group === words.join(' ')) {
    const names = inGroup.map(({ name }) => name.slice(group.length + 1))
    return usage(`\`${group}\` needs one of ${names.join(', ')}; see aico-mesh ${group} --help`)
  }
  const typed = words.slice(0, 1 + Math.max(1, group.split(' ').length)).join(' ')
  const meant = nearest(typed, [...COMMANDS.map(({ name }) => name), 'help'])
  const hint = meant === undefined ? '' : ` did you mean \`${meant}\`?`
  return usage(`there is no command \`${typed}\`;${hint} see aico-mesh ${inGroup.length > 0 ? `${group} ` : ''}--help`)
}

/** Of `store quota`, for such words as `store quota sett`; empty where even the first word is none. */
function innermostGroup(words: readonly string[]): string {
  const starts = words.map((_, at) => words.slice(0, at + 1).join(' '))
  return starts.findLast((start) => groupOf(start).length > 0) ?? ''
}

/** Commands whose names go on from these words. */
function groupOf(words: string): readonly Command[] {
  return COMMANDS.filter(({ name }) => name.startsWith(`${words} `))
}
