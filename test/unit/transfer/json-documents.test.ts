import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { JsonDocuments, type JsonPart } from '../../../src/transfer/json-documents.ts'
import { MAX_JSON_DEPTH, MAX_OTLP_BYTES } from '../../../src/wire/otlp/limits.ts'

/** Each part as `line: list element` or `line! what is wrong`, the text given in pieces of a size. */
function read(text: string | Uint8Array, size = 1 << 20): string[] {
  const bytes = typeof text === 'string' ? utf8(text) : text
  const documents = new JsonDocuments()
  const parts: string[] = []
  for (let at = 0; at < bytes.length; at += size) {
    for (const part of documents.push(bytes.subarray(at, at + size))) parts.push(words(part))
  }
  for (const part of documents.finish()) parts.push(words(part))
  return parts
}
function words(part: JsonPart): string {
  if (part.kind === 'problem') return `${part.line}! ${part.problem.message}`
  return `${part.line}: ${part.list} ${new TextDecoder().decode(part.bytes)}`
}

const cases: { name: string; text: string; parts: string[] }[] = [
  { name: 'nothing', text: '', parts: [] },
  { name: 'white space', text: ' \n\t\r\n', parts: [] },
  { name: 'an empty message', text: '{}\n{ }', parts: [] },
  { name: 'a list that is null', text: '{"resourceSpans":null}', parts: [] },
  { name: 'an empty list', text: '{"resourceLogs":[]}', parts: [] },
  {
    name: 'one document on one line',
    text: '{"resourceSpans":[{"a":1},{"b":2}]}',
    parts: ['1: resourceSpans {"a":1}', '1: resourceSpans {"b":2}'],
  },
  {
    name: 'a document a line',
    text: '{"resourceLogs":[{"a":1}]}\n\n{"resourceMetrics":[{}]}\n',
    parts: ['1: resourceLogs {"a":1}', '3: resourceMetrics {}'],
  },
  {
    name: 'documents without a break between them',
    text: '{"data":[{}]}{"data":[{}]}',
    parts: ['1: data {}', '1: data {}'],
  },
  {
    name: 'a document over many lines',
    text: '{\n  "data": [\n    {\n      "a": [1]\n    }\n  ],\n  "total": 0\n}\n',
    parts: ['3: data {\n      "a": [1]\n    }'],
  },
  {
    name: 'brackets and quotes in texts',
    text: String.raw`{"data":[{"a":"}]{\"\\"}]}`,
    parts: [String.raw`1: data {"a":"}]{\"\\"}`],
  },
  {
    name: 'a list of this name deeper down',
    text: '{"result":{"resourceSpans":[{}]}}',
    parts: ['1! neither OTLP nor Jaeger: no list of records'],
  },
  {
    name: 'a name like one of them',
    text: '{"resourceSpansX":[{}]}',
    parts: ['1! neither OTLP nor Jaeger: no list of records'],
  },
  {
    name: 'other members around',
    text: '{"x":[{"data":[{}]}],"data":[{"y":1}],"z":{"data":[{}]}}',
    parts: ['1: data {"y":1}'],
  },
  {
    name: 'a log of pino',
    text: '{"level":30}\n{"data":[{}]}',
    parts: ['1! neither OTLP nor Jaeger: no list of records', '2: data {}'],
  },
  {
    name: 'text before and between',
    text: 'hello\n{"data":[{}]}\nbye }{\n{"data":[{}]}',
    parts: ['1! not a JSON document', '2: data {}', '3! not a JSON document', '4: data {}'],
  },
  {
    name: 'a line that breaks off',
    text: '{"data":[{"a":{}\n{"data":[{}]}',
    parts: ['1! brackets do not fit', '2: data {}'],
  },
  {
    name: 'a line that breaks off behind a comma',
    text: '{"data":[{"a":1},\n{"data":[{}]}\n{"data":[{"b":1}]}',
    parts: ['1: data {"a":1}', '2: data {"data":[{}]}', '2! brackets do not fit', '3: data {"b":1}'],
  },
  {
    name: 'a line that breaks off in a text',
    text: '{"data":[{"a":"x\n{"data":[{}]}',
    parts: ['1! a text does not end on its line', '2: data {}'],
  },
  {
    name: 'one bracket too many',
    text: '{"data":[{}]}}\n{"data":[{}]}',
    parts: ['1: data {}', '1! brackets do not fit', '2: data {}'],
  },
  {
    name: 'brackets of another kind',
    text: '{"data":[{]]}\n{"data":[{}]}',
    parts: ['1! brackets do not fit', '2: data {}'],
  },
  {
    name: 'an element that is no object',
    text: '{"data":[1]}\n{"data":["{}"]}\n{"data":[[{}]]}\n{"data":[{}]}',
    parts: ['1! an element is no object', '2! an element is no object', '3! an element is no object', '4: data {}'],
  },
  { name: 'a list at the root', text: '[{"data":[]}]', parts: ['1! brackets do not fit'] },
  { name: 'a file that ends inside', text: '{"data":[{}', parts: ['1: data {}', '1! the file ends inside a document'] },
  { name: 'a file that ends inside a text', text: '{"data":[{"a', parts: ['1! the file ends inside a document'] },
  {
    name: 'lines of text behind each other',
    text: 'a\n\n "b"\nc\n{"data":[{}]}',
    parts: ['1! not a JSON document', '4! not a JSON document', '5: data {}'],
  },
  {
    name: 'a broken document over many lines',
    text: '{\n  "data": [\n    {]\n    }\n  ]\n}\n{"data":[{}]}',
    parts: ['3! brackets do not fit', '7: data {}'],
  },
  {
    name: 'a list of records that is none',
    text: '{"resourceSpans":"x"}\n{"resourceLogs":{}}\n{"resourceMetrics":1}\n{"resourceSpans":null}\n{"data":[{}]}',
    parts: [
      '1! a list of records is no list',
      '2! a list of records is no list',
      '3! a list of records is no list',
      '5: data {}',
    ],
  },
  {
    name: 'bytes that only look like spaces',
    text: '\0\0\0\n{"data":[{}]}',
    parts: ['1! not a JSON document', '2: data {}'],
  },
  { name: 'texts behind each other', text: '{"a""b"}', parts: ['1! a text stands where none may'] },
  { name: 'a byte order mark', text: '\ufeff{"data":[{}]}', parts: ['1: data {}'] },
]

describe('JSON files', () => {
  test.each(cases)('[IM9] $name', ({ text, parts }) => {
    expect(read(text)).toEqual(parts)
  })

  test.each(cases.filter(({ text }) => !text.startsWith('\ufeff')))('[IM9] $name, byte by byte', ({ text, parts }) => {
    expect(read(text, 1)).toEqual(parts)
  })

  test('[IM9] any documents come apart into their elements, however they are written and given', () => {
    const element = fc.dictionary(fc.string(), fc.jsonValue())
    const list = fc.constantFrom('resourceSpans', 'resourceLogs', 'resourceMetrics', 'data')
    const documents = fc.array(fc.tuple(list, fc.array(element, { maxLength: 3 })), { maxLength: 4 })
    fc.assert(
      fc.property(
        documents,
        fc.constantFrom(undefined, 2, '\t'),
        fc.integer({ min: 1, max: 40 }),
        (all, indent, size) => {
          const text = all
            .map(([name, elements]) => JSON.stringify({ before: '[{', [name]: elements, after: [{}] }, null, indent))
            .join('\n')
          const parts = read(text, size).map((part) => part.replace(/^\d+: /, ''))
          const expected = all.flatMap(([name, elements]) => elements.map((each) => [name, each]))
          expect(parts.map((part) => [part.split(' ')[0], JSON.parse(part.slice(part.indexOf(' ')))])).toEqual(
            JSON.parse(JSON.stringify(expected)),
          )
        },
      ),
    )
  })

  test('[IM5] hostile text gives parts, and what comes on a line of its own after it is read', () => {
    const hostile = fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', '\n', 'a', '1', ' ') })
    fc.assert(
      fc.property(hostile, (text) => {
        const parts = read(`${text}\nx\n{"data":[{"last":1}]}`)
        expect(parts.at(-1)).toContain('{"last":1}')
      }),
      { numRuns: 2000 },
    )
  })

  test('[IM4] a document may nest so deep and no deeper', () => {
    const nest = (depth: number): string => `{"data":[${'{"a":'.repeat(depth - 2)}1${'}'.repeat(depth - 2)}]}`
    expect(read(nest(MAX_JSON_DEPTH))).toHaveLength(1)
    expect(read(nest(MAX_JSON_DEPTH))[0]).toMatch(/^1: data/)
    expect(read(nest(MAX_JSON_DEPTH + 1))[0]).toBe(`1! it nests deeper than ${MAX_JSON_DEPTH}`)
  })

  test('[IM4] an element larger than any message is passed over, and the next one is read', () => {
    const documents = new JsonDocuments()
    const parts: string[] = []
    const push = (bytes: Uint8Array): void => {
      for (const part of documents.push(bytes)) parts.push(words(part))
    }
    push(utf8('{"data":[{"a":"'))
    const filler = new Uint8Array(1 << 20).fill(0x61)
    for (let i = 0; i < MAX_OTLP_BYTES >> 20; i++) push(filler)
    push(utf8('"},{"b":1}]}'))
    expect(parts).toEqual([`1! bytes in an element: more than ${MAX_OTLP_BYTES}`, '1: data {"b":1}'])
  })
})
