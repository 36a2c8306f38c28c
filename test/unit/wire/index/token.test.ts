import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../../../src/base/bytes.ts'
import {
  boolToken,
  doubleToken,
  intToken,
  keyToken,
  linkToken,
  MAX_WORD_CHARS,
  nameToken,
  severityToken,
  spanKindToken,
  statusToken,
  stringToken,
  traceToken,
  wordsOf,
  wordToken,
} from '../../../../src/wire/index/token.ts'
import { idBytes, type TraceId } from '../../../../src/model/ids.ts'
import { digestOfScan } from '../../../../src/wire/index/digest.ts'
import { encodeLogsData, encodeTracesData } from '../../../../src/wire/otlp/encode.ts'
import { scanOtlp } from '../../../../src/wire/otlp/scan.ts'
import { batch, plainSpan, TRACE_ID } from '../otlp/arbitraries.ts'
import { dataOf, field, varint } from '../otlp/raw.ts'

const tokensOfSpan = (change: Parameters<typeof plainSpan>[0]): ReadonlySet<number> =>
  new Set(digestOfScan(scanOtlp('traces', encodeTracesData({ ...batch, spans: [plainSpan(change)] }))).tokens)
const tokensOfBody = (body: string): ReadonlySet<number> =>
  new Set(digestOfScan(scanOtlp('logs', dataOf(field(5, field(1, body))))).tokens)

describe('tokens', () => {
  test('[IX1] stay what they are: stored indexes are made of them', () => {
    const link = idBytes('0af7651916cd43dd8448eb211c80319c' as TraceId)
    expect({
      key: keyToken('http.route'),
      string: stringToken('http.route', '/a/:id'),
      int: intToken('n', -2n),
      double: doubleToken('n', 1.5),
      bool: boolToken('n', true),
      name: nameToken('GET /'),
      word: wordToken('refused'),
      status: statusToken(2),
      kind: spanKindToken(3),
      severity: severityToken(17),
      link: linkToken(link),
      trace: traceToken(link),
    }).toMatchInlineSnapshot(`
      {
        "bool": 3129087843,
        "double": 1009441009,
        "int": 935726777,
        "key": 4293526081,
        "kind": 3260710638,
        "link": 347902627,
        "name": 3710819918,
        "severity": 2359164661,
        "status": 4181641459,
        "string": 1244089266,
        "trace": 2381539374,
        "word": 788114053,
      }
    `)
  })

  test('[IX2] what a span is searched by has a token of the same value', () => {
    const attributes = { text: 'é', int: -(2n ** 60n), double: 1.25, yes: true, list: ['a', 7n] }
    const tokens = tokensOfSpan({ attributes, name: 'GET thing', kind: 3, status: { code: 2 } })
    for (const token of [
      keyToken('text'),
      stringToken('text', 'é'),
      intToken('int', -(2n ** 60n)),
      doubleToken('double', 1.25),
      boolToken('yes', true),
      stringToken('list', 'a'),
      intToken('list', 7n),
      nameToken('GET thing'),
      wordToken('thing'),
      spanKindToken(3),
      statusToken(2),
      stringToken('service.name', 'svc'),
    ]) {
      expect(tokens).toContain(token)
    }
    expect(tokens).not.toContain(stringToken('text', 'e'))
    expect(tokens).not.toContain(statusToken(1))
  })

  test('[IX2] a log record has tokens of its severity, its trace and its words', () => {
    const log = {
      timeUnixNano: 1n,
      severityNumber: 17,
      traceId: TRACE_ID,
      body: 'Connection REFUSED: peer_7',
      attributes: {},
    }
    const bytes = encodeLogsData({ ...batch, logRecords: [log] })
    const tokens = new Set(digestOfScan(scanOtlp('logs', bytes)).tokens)
    for (const token of [severityToken(17), traceToken(idBytes(TRACE_ID)), ...wordsOf(log.body).map(wordToken)]) {
      expect(tokens).toContain(token)
    }
    expect(tokens).not.toContain(wordToken('peer'))
  })

  test('[IX2] a log record has a token of its event’s name, the last one if it has several, and none without a name', () => {
    const tokensOfLog = (...fields: readonly Uint8Array[]): ReadonlySet<number> =>
      new Set(digestOfScan(scanOtlp('logs', dataOf(concat(...fields)))).tokens)
    expect(tokensOfLog(field(12, 'order.placed'))).toContain(nameToken('order.placed'))
    const several = tokensOfLog(field(12, 'first'), field(12, 'last'))
    expect([several.has(nameToken('first')), several.has(nameToken('last'))]).toEqual([false, true])
    expect(tokensOfLog(field(12, '')).size).toBe(tokensOfLog().size)
    expect(tokensOfLog(field(12, 'first'), field(12, '')).size).toBe(tokensOfLog().size)
  })

  test('[IX2] the words of any text are the same from its bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.lorem()), (text) => {
        const sent = new TextDecoder().decode(utf8(text)) // lone surrogates do not survive UTF-8
        const tokens = tokensOfBody(sent)
        for (const word of wordsOf(sent)) expect(tokens).toContain(wordToken(word))
      }),
    )
  })

  test('[IX2] of a very long word its beginning counts', () => {
    const word = 'x'.repeat(MAX_WORD_CHARS)
    expect(tokensOfBody(`${word}yz`)).toContain(wordToken(word))
    expect(wordsOf(`${word}yz`)).toEqual([word])
  })

  test('[IX2] a link has a token of the trace it leads to', () => {
    const id = idBytes(TRACE_ID)
    const bytes = dataOf(
      new Uint8Array([...field(1, id), ...field(2, id.slice(0, 8)), ...field(13, field(1, id), varint(5, 1))]),
    )
    expect(new Set(digestOfScan(scanOtlp('traces', bytes)).tokens)).toContain(linkToken(id))
  })

  test('[IX2] a rejected record leaves none', () => {
    const bad = field(6, field(1, 'secret'), field(2, field(1, new Uint8Array([0xff]))))
    const { tokens, records } = digestOfScan(scanOtlp('logs', dataOf(field(6, field(1, 'k')), bad, bad)))
    expect(records).toBe(1)
    expect(new Set(tokens)).not.toContain(keyToken('secret'))
  })
})
