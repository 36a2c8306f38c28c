import { describe, expect, test } from 'vitest'
import { lanesField, optionalText, stageField, textField, textList, timeField } from '../../../src/agent/read-fields.ts'

const BAD = 'HTTP_BAD_FIELD'
const read: Readonly<Record<string, (value: unknown) => unknown>> = {
  text: (x) => textField({ x }, 'x', 4),
  optional: (x) => optionalText({ x }, 'x', 4),
  list: (x) => textList({ x }, 'x', 2, 4),
  lanes: (x) => lanesField({ x }, 'x'),
  stage: (x) => stageField({ x }, 'x'),
  time: (x) => timeField({ x }, 'x'),
}

const rows: readonly { readonly reader: string; readonly value: unknown; readonly want: unknown }[] = [
  { reader: 'text', value: 'abcd', want: 'abcd' },
  { reader: 'text', value: '', want: '' },
  { reader: 'text', value: 'abcde', want: BAD },
  { reader: 'text', value: 'ééé', want: BAD }, // six bytes
  { reader: 'text', value: 7, want: BAD },
  { reader: 'text', value: undefined, want: BAD },
  { reader: 'optional', value: undefined, want: undefined },
  { reader: 'optional', value: null, want: undefined },
  { reader: 'optional', value: false, want: BAD },
  { reader: 'list', value: ['a', 'b'], want: ['a', 'b'] },
  { reader: 'list', value: undefined, want: undefined },
  { reader: 'list', value: [], want: BAD },
  { reader: 'list', value: ['a', 'b', 'c'], want: BAD },
  { reader: 'list', value: ['a', 1], want: BAD },
  { reader: 'list', value: ['abcde'], want: BAD },
  { reader: 'list', value: { length: 1, 0: 'a' }, want: BAD },
  { reader: 'lanes', value: ['traces', 'logs'], want: ['traces', 'logs'] },
  { reader: 'lanes', value: ['spans'], want: BAD },
  { reader: 'lanes', value: undefined, want: BAD },
  { reader: 'stage', value: 'pro', want: 'pro' },
  { reader: 'stage', value: 'Pro', want: BAD },
  { reader: 'stage', value: undefined, want: BAD },
  { reader: 'time', value: 0, want: 0 },
  { reader: 'time', value: undefined, want: undefined },
  { reader: 'time', value: -1, want: BAD },
  { reader: 'time', value: 1.5, want: BAD },
  { reader: 'time', value: 2 ** 53, want: BAD },
  { reader: 'time', value: '7', want: BAD },
]

describe('fields of a request', () => {
  test.each(rows)('[HT11] $reader of $value', ({ reader, value, want }) => {
    const call = (): unknown => read[reader]?.(value)
    if (want !== BAD) return expect(call()).toEqual(want)
    expect(call).toThrow(expect.objectContaining({ code: BAD, details: { field: 'x' } }))
  })
})
