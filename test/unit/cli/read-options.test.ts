import { describe, expect, test } from 'vitest'
import type { Options } from '../../../src/cli/command.ts'
import { oneOf, someOf, splitList, wholeNumber } from '../../../src/cli/option-values.ts'
import { readOptions, wordsOf } from '../../../src/cli/read-options.ts'

const options: Options = {
  limit: { type: 'string', value: 'N', refuse: wholeNumber(1, 10), help: '' },
  purpose: { type: 'string', value: 'WORDS', help: '' },
  json: { type: 'boolean', short: 'j', help: '' },
}

describe('reading options', () => {
  test('[CL1] options and words come in any order; what follows -- is words', () => {
    expect(readOptions(['--limit', '3', 'traces', '-j', 'list', '--', '--raw'], options)).toEqual({
      values: { limit: '3', json: true },
      words: ['traces', 'list', '--raw'],
    })
    expect(readOptions(['--purpose=-x', '--limit=3', '--limit=4'], options).values).toEqual({
      purpose: '-x',
      limit: '4',
    })
  })

  test.each([
    [['--limt', '3'], 'there is no option --limt here; did you mean --limit?'],
    [['--raw'], 'there is no option --raw here; --help lists those there are'],
    [['-x'], 'there is no option -x here; --help lists those there are'],
    [['--constructor'], 'there is no option --constructor here; --help lists those there are'],
    [['--limit'], '--limit needs a value: --limit N'],
    [['--limit', '--json'], '--limit needs a value: --limit N'],
    [['--json=yes'], '--json takes no value'],
    [['--limit=-1'], '--limit takes a whole number from 1 to 10'],
    [['--limit', '0'], '--limit takes a whole number from 1 to 10'],
  ])('[CL17] %j is refused in words', (argv, message) => {
    expect(() => readOptions(argv, options)).toThrow(message)
  })

  test('[CL1] words can be found whatever is wrong with the options', () => {
    expect(wordsOf(['--fast', 'traces', '--limit', '0', 'list', '--purpose'], options)).toEqual(['traces', 'list'])
  })
})

describe('values', () => {
  const number = 'a whole number from 0 to 65535'
  test.each([
    [wholeNumber(0, 65_535), '65535', undefined],
    [wholeNumber(0, 65_535), '65536', number],
    [wholeNumber(0, 65_535), '', number],
    [wholeNumber(0, 65_535), '1e3', number],
    [wholeNumber(0, 65_535), ' 1', number],
    [wholeNumber(0), '9999999999', 'a whole number from 0 to 999999'],
    [oneOf(['a', 'bc', 'def']), 'bc', undefined],
    [oneOf(['a', 'bc', 'def']), 'de', 'a, bc or def (did you mean def?)'],
    [someOf(['logs', 'traces']), 'traces, logs,', undefined],
    [someOf(['logs', 'traces']), 'logs,trace', 'some of logs or traces (did you mean traces?)'],
    [someOf(['logs', 'traces']), ' ,', 'some of logs or traces'],
  ])('[CL17] value %#', (refuse, text, want) => {
    expect(refuse(text)).toBe(want)
  })

  test('[CL17] a list is its words without the spaces around them', () => {
    expect(splitList(' a, b ,,c ')).toEqual(['a', 'b', 'c'])
  })
})
