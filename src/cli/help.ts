/** The help: a page for the program, one for each group of commands and one for each command, as data and as text. */
import type { Command, Option, Options } from './command.ts'
import { optionWords } from './read-options.ts'
import { wrapText, wrapWords } from './render/wrap-text.ts'

/** What `--json --help` prints. Members are added, never renamed or removed. */
export interface HelpPage {
  readonly usage: string
  readonly help: string
  readonly details: readonly string[]
  readonly options: readonly OptionHelp[]
  readonly commands: readonly CommandHelp[]
  readonly examples: readonly string[]
}
interface OptionHelp {
  readonly name: string
  /** Its other name, of one letter. */
  readonly short: string | null
  /** What stands for its value; null for a switch. */
  readonly value: string | null
  readonly help: string
  /** Whether every command takes it. */
  readonly common: boolean
}
interface CommandHelp {
  readonly section: string
  readonly name: string
  readonly help: string
}

export interface Section {
  readonly title: string
  readonly commands: readonly Command[]
}

/** Widest text that reads well, and that every terminal has. */
const MAX_WIDTH = 80
const MIN_WIDTH = 40
const PROGRAM = 'aico-mesh'
const INDENT = '  '

export function programPage(sections: readonly Section[], common: Options): HelpPage {
  return {
    usage: `${PROGRAM} [--home DIR] [--json] COMMAND`,
    help: 'What happened on your own devices, across all of them, with no server',
    details: [
      'Where a device is asked for, its name or the start of its id (4 digits or more) will do; so will the start of the id of a grant or a trace.',
      'The home is --home, else $AICO_MESH_HOME, else aico-mesh in the XDG data folder (~/.local/share).',
      'Exit codes: 0 ok, 1 failed, 2 usage, 3 agent not running, 4 refused by policy, 130 interrupted.',
      `More of one: ${PROGRAM} help COMMAND`,
    ],
    options: optionHelps(common, true),
    commands: sections.flatMap(({ title, commands }) => commandHelps(title, commands)),
    examples: [],
  }
}

export function groupPage(group: string, commands: readonly Command[], common: Options): HelpPage {
  return {
    usage: `${PROGRAM} ${group} COMMAND`,
    help: '',
    details: [`More of one: ${PROGRAM} help ${group} COMMAND`],
    options: optionHelps(common, true),
    commands: commandHelps('Commands', commands),
    examples: [],
  }
}

/** @param below commands whose names begin with this one's */
export function commandPage(command: Command, below: readonly Command[], common: Options): HelpPage {
  return {
    usage: usageOf(command),
    help: command.help,
    details: [...(command.details ?? []), ...alsoWords(below)],
    options: [...optionHelps(command.options ?? {}, false), ...optionHelps(common, true)],
    commands: [],
    examples: command.examples.map((example) => `${PROGRAM} ${example}`),
  }
}

function alsoWords(below: readonly Command[]): readonly string[] {
  const [first] = below
  if (first === undefined) return []
  return [`Also: ${below.map(({ name }) => name).join(', ')}. More of one: ${PROGRAM} help ${first.name}`]
}

export function usageOf(command: Command): string {
  return usageWords(command).join(' ')
}

export function renderHelpPage(page: HelpPage, terminalWidth: number): string {
  const width = Math.min(Math.max(terminalWidth, MIN_WIDTH), MAX_WIDTH)
  const isOfCommand = page.commands.length === 0
  const own = page.options.filter(({ common }) => common !== isOfCommand)
  const blocks = [
    usageLines(page.usage, width),
    ...(page.help === '' ? [] : [wrapText(`${capital(page.help)}.`, { width })]),
    ...sectionBlocks(page.commands, width),
    titled('Options', rowLines(own.map(optionRow), width)),
    ...page.details.map((text) => wrapText(text, { width })),
    titled(
      page.examples.length > 1 ? 'Examples' : 'Example',
      page.examples.flatMap((text) => exampleLines(text, width)),
    ),
    ...(isOfCommand ? [commonLine(page, width)] : []),
  ]
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

/** Options with their values stay together when the line is broken. */
function usageWords({ name, takes, options = {} }: Command): readonly string[] {
  const words = Object.entries(options).map(([each, option]) => {
    const text = optionWords(each, option)
    return option.type === 'string' && option.isRequired ? text : `[${text}]`
  })
  return [`${PROGRAM} ${name}`, ...(takes === '' ? [] : [takes]), ...words]
}

function usageLines(usage: string, width: number): readonly string[] {
  // Breaks before an option or a bracket, never between an option and its value.
  return wrapWords(usage.split(/ (?=\[|--)/), { width, lead: 'Usage: ', indent: ' '.repeat(11) })
}

function optionHelps(options: Options, common: boolean): readonly OptionHelp[] {
  return Object.entries(options).map(([name, option]) => ({
    name: `--${name}`,
    short: option.short === undefined ? null : `-${option.short}`,
    value: valueWord(option),
    help: option.help,
    common,
  }))
}

function valueWord(option: Option): string | null {
  return option.type === 'string' ? option.value : null
}

function commandHelps(section: string, commands: readonly Command[]): readonly CommandHelp[] {
  return commands.map(({ name, help }) => ({ section, name, help }))
}

function sectionBlocks(commands: readonly CommandHelp[], width: number): readonly (readonly string[])[] {
  const names = Math.max(0, ...commands.map(({ name }) => name.length))
  const titles = [...new Set(commands.map(({ section }) => section))]
  return titles.map((title) => {
    const rows = commands.filter(({ section }) => section === title)
    return titled(
      title,
      rowLines(
        rows.map(({ name, help }) => [name, help] as const),
        width,
        names,
      ),
    )
  })
}

function titled(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines]
}

function optionRow({ name, short, value, help }: OptionHelp): readonly [string, string] {
  const names = short === null ? name : `${short}, ${name}`
  return [value === null ? names : `${names} ${value}`, help]
}

/** Two columns; the second is wrapped within itself. */
function rowLines(rows: readonly (readonly [string, string])[], width: number, least = 0): readonly string[] {
  const names = Math.max(least, ...rows.map(([name]) => name.length))
  return rows.flatMap(([name, help]) => wrapText(help, { width, lead: `${INDENT}${name.padEnd(names)}${INDENT}` }))
}

function exampleLines(text: string, width: number): readonly string[] {
  return wrapText(text, { width, lead: INDENT, indent: INDENT.repeat(2) })
}

function commonLine({ options }: HelpPage, width: number): readonly string[] {
  const names = options.filter(({ common }) => common).map((option) => optionRow(option)[0])
  return wrapText(`As every command: ${names.join(', ')}.`, { width })
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
