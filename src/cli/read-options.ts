/** Reads options and words from what was typed. Every misuse is said in one line, with the option that was meant. */
import { parseArgs } from 'node:util'
import { usage } from './cli-error.ts'
import type { Option, Options } from './command.ts'
import { nearest } from './nearest.ts'

export interface Typed {
  readonly values: Readonly<Record<string, string | boolean | undefined>>
  readonly words: readonly string[]
}

type OptionToken = Extract<ReturnType<typeof tokensOf>[number], { kind: 'option' }>

/** @throws {CliError} `CLI_USAGE` for an option that is not among `options`, or a value it does not take */
export function readOptions(argv: readonly string[], options: Options): Typed {
  const values: Record<string, string | boolean | undefined> = {}
  const words: string[] = []
  for (const token of tokensOf(argv, options)) {
    if (token.kind === 'positional') words.push(token.value)
    if (token.kind === 'option') values[token.name] = valueOf(token, options)
  }
  return { values, words }
}

/** What is no option, whatever is wrong with the options. */
export function wordsOf(argv: readonly string[], options: Options): readonly string[] {
  return tokensOf(argv, options).flatMap((token) => (token.kind === 'positional' ? [token.value] : []))
}

function tokensOf(argv: readonly string[], options: Options) {
  const { tokens } = parseArgs({ args: [...argv], options, allowPositionals: true, strict: false, tokens: true })
  return tokens
}

function valueOf({ name, rawName, value, inlineValue }: OptionToken, options: Options): string | boolean {
  const option = Object.hasOwn(options, name) ? options[name] : undefined
  if (option === undefined) throw usage(unknownOption(rawName, Object.keys(options)))
  if (option.type === 'boolean') {
    if (value !== undefined) throw usage(`${rawName} takes no value`)
    return true
  }
  // What looks like the next option is rarely meant as a value; an equals sign says that it is.
  if (value === undefined || (!inlineValue && value.startsWith('-'))) {
    throw usage(`${rawName} needs a value: ${optionWords(name, option)}`)
  }
  const taken = option.refuse?.(value)
  if (taken !== undefined) throw usage(`${rawName} takes ${taken}`)
  return value
}

export function optionWords(name: string, option: Option): string {
  return option.type === 'boolean' ? `--${name}` : `--${name} ${option.value}`
}

function unknownOption(typed: string, names: readonly string[]): string {
  const meant = nearest(typed.replace(/^-+/, ''), names)
  return `there is no option ${typed} here${meant === undefined ? '; --help lists those there are' : `; did you mean --${meant}?`}`
}
