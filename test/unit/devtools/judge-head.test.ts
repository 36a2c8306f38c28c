import { describe, expect, test } from 'vitest'
import { judgeHead } from '../../../src/devtools/judge-head.ts'

const LIMITS = { port: 4318, maxBodyBytes: 1000 }
const PROTOBUF = ['Content-Type', 'application/x-protobuf']
const HOST = ['Host', '127.0.0.1:4318']

function judge(headers: readonly (readonly string[])[], method = 'POST', url = '/v1/traces') {
  return judgeHead({ method, url, rawHeaders: headers.flat() }, LIMITS)
}

describe('who may ask', () => {
  test.each(['127.0.0.1', '127.0.0.1:4318', 'localhost', 'LocalHost:4318', '[::1]', '[::1]:4318'])(
    '[OH2] host %s is our own',
    (host) => {
      expect(judge([['Host', host], PROTOBUF])).toMatchObject({ ok: true })
    },
  )
  test.each([
    ['another name', [['Host', 'evil.example']]],
    ['another name with our port', [['Host', 'evil.example:4318']]],
    ['our name with another port', [['Host', 'localhost:4319']]],
    ['our name as a prefix', [['Host', 'localhost.evil.example']]],
    ['our name as a user', [['Host', 'localhost@evil.example']]],
    ['a trailing dot', [['Host', 'localhost.']]],
    ['the unspecified address', [['Host', '0.0.0.0:4318']]],
    ['::1 without brackets', [['Host', '::1']]],
    ['an empty host', [['Host', '']]],
    ['no host', []],
    ['two hosts, the first ours', [HOST, ['host', 'evil.example']]],
    ['two hosts, both ours', [HOST, HOST]],
  ])('[OH2] %s is refused, on every path and method', (_, hosts) => {
    for (const [method, url] of [
      ['POST', '/v1/traces'],
      ['POST', '/v1/logs'],
      ['POST', '/v1/metrics'],
      ['GET', '/v1/traces'],
      ['GET', '/'],
      ['OPTIONS', '*'],
    ]) {
      expect(judge([...hosts, PROTOBUF], method, url)).toMatchObject({ ok: false, status: 403, rpcCode: 7 })
    }
  })
  test.each([
    ['Origin', 'http://127.0.0.1:4318'],
    ['Origin', 'null'],
    ['Sec-Fetch-Site', 'cross-site'],
    ['Sec-Fetch-Site', 'same-origin'],
  ])('[OH3] a request of a web page is refused: %s: %s', (name, value) => {
    expect(judge([HOST, PROTOBUF, [name, value]])).toMatchObject({ ok: false, status: 403 })
  })
})

describe('what may be asked', () => {
  test.each(['traces', 'logs', 'metrics'])('[OH4] POST /v1/%s, with a query or without', (signal) => {
    expect(judge([HOST, PROTOBUF], 'POST', `/v1/${signal}`)).toMatchObject({ ok: true, signal })
    expect(judge([HOST, PROTOBUF], 'POST', `/v1/${signal}?a=/b`)).toMatchObject({ ok: true, signal })
  })
  test.each([
    '/',
    '/v1',
    '/v1/traces/',
    '/V1/traces',
    '//v1/traces',
    '/v1/profiles',
    'http://localhost/v1/traces',
    '*',
  ])('[OH4] %s is not found', (url) => {
    expect(judge([HOST, PROTOBUF], 'POST', url)).toMatchObject({ ok: false, status: 404, rpcCode: 5 })
  })
  test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])('[OH4] %s is not allowed and told what is', (method) => {
    expect(judge([HOST, PROTOBUF], method)).toMatchObject({ ok: false, status: 405, rpcCode: 12, allow: 'POST' })
  })
  test.each([
    ['application/x-protobuf', 'protobuf'],
    ['Application/X-Protobuf', 'protobuf'],
    ['application/json', 'json'],
    ['application/json; charset=utf-8', 'json'],
  ])('[OH5] content type %s is %s', (type, encoding) => {
    expect(judge([HOST, ['content-type', type]])).toMatchObject({ ok: true, encoding })
  })
  test.each([
    ['a form', [['content-type', 'application/x-www-form-urlencoded']]],
    ['plain text', [['content-type', 'text/plain']]],
    ['gRPC', [['content-type', 'application/grpc']]],
    ['none', []],
    ['two', [PROTOBUF, ['content-type', 'application/json']]],
  ])('[OH5] content type: %s is not supported, and that is said in JSON', (_, types) => {
    expect(judge([HOST, ...types])).toMatchObject({ ok: false, status: 415, rpcCode: 3, encoding: 'json' })
  })
  test('[OH5] a refusal is in the encoding of the request', () => {
    expect(judge([PROTOBUF])).toMatchObject({ status: 403, encoding: 'protobuf' })
    expect(judge([['content-type', 'application/json']])).toMatchObject({ status: 403, encoding: 'json' })
  })
  test.each([
    [[], false],
    [[['content-encoding', 'identity']], false],
    [[['Content-Encoding', 'GZIP']], true],
  ])('[OH6] content encoding %j is read', (coding, gzip) => {
    expect(judge([HOST, PROTOBUF, ...coding])).toMatchObject({ ok: true, gzip })
  })
  test.each([
    ['zstd', [['content-encoding', 'zstd']]],
    ['gzip twice in one header', [['content-encoding', 'gzip, gzip']]],
    ['gzip twice in two headers', [['content-encoding', 'gzip'], ['content-encoding', 'gzip']]], // prettier-ignore
  ])('[OH6] content encoding %s is not supported', (_, coding) => {
    expect(judge([HOST, PROTOBUF, ...coding])).toMatchObject({ ok: false, status: 415, encoding: 'protobuf' })
  })
  test('[OH7] a declared length is checked before a byte is read', () => {
    expect(judge([HOST, PROTOBUF, ['content-length', '1000']])).toMatchObject({ ok: true, contentLength: 1000 })
    expect(judge([HOST, PROTOBUF, ['content-length', '1001']])).toMatchObject({ ok: false, status: 413, rpcCode: 8 })
    expect(judge([HOST, PROTOBUF])).toMatchObject({ ok: true, contentLength: undefined })
  })
})
