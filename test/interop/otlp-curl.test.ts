/** OTLP over HTTP as anybody with a shell would send it: curl and gzip, against a real agent. Needs Debian's curl, and says so. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TraceView } from '../../src/agent/http-types/traces.ts'
import { MAX_OTLP_BYTES } from '../../src/wire/otlp/limits.ts'
import { AgentProgram } from '../support/agent-program.ts'

const JSON_TYPE = ['-H', 'Content-Type: application/json']
const GZIP = ['-H', 'Content-Encoding: gzip']
const PROTOBUF = 'application/x-protobuf'
const SPAN_ID = 'b7ad6b7169203331'

let agent: AgentProgram
let url: string

beforeAll(async () => {
  agent = new AgentProgram()
  await agent.ask('init', '--name', 'laptop')
  await agent.ask('stage', 'developer', '--yes')
  const { otlp } = await agent.start()
  if (otlp === null) throw new Error('the agent takes no OTLP')
  url = otlp
})
afterAll(() => agent.end())

describe('what is taken is there', () => {
  test('[OH5] [OH8] JSON, as the command line of curl gives it', async () => {
    const traceId = randomId()
    const answer = await curl('/v1/traces', [...JSON_TYPE, '--data', traces(traceId)])
    expect(answer).toMatchObject({ status: 200, type: 'application/json', body: {} })
    expect(await spanNames(traceId)).toEqual(['from curl'])
  })

  test('[OH6] gzip, piped in without a length', async () => {
    const traceId = randomId()
    const chunked = [...JSON_TYPE, ...GZIP, '-H', 'Transfer-Encoding: chunked', '--data-binary', '@-']
    const answer = await curl('/v1/traces', chunked, gzipSync(traces(traceId)))
    expect(answer).toMatchObject({ status: 200, body: {} })
    expect(await spanNames(traceId)).toEqual(['from curl'])
  })

  test('[OH1] localhost is the same door', async () => {
    const { port } = new URL(url)
    const traceId = randomId()
    const answer = await curl('/v1/traces', [...JSON_TYPE, '--data', traces(traceId)], '', `http://localhost:${port}`)
    expect(answer.status).toBe(200)
    expect(await spanNames(traceId)).toEqual(['from curl'])
  })

  test('[OH9] one bad span is rejected alone and counted', async () => {
    const traceId = randomId()
    const two = traces(traceId, [{ name: 'good' }, { name: 'bad', spanId: '0000000000000000' }])
    const answer = await curl('/v1/traces', [...JSON_TYPE, '--data', two])
    expect(answer).toMatchObject({ status: 200, body: { partialSuccess: { rejectedSpans: '1' } } })
    expect(await spanNames(traceId)).toEqual(['good'])
  })
})

interface Bad {
  readonly name: string
  readonly path?: string
  readonly args: readonly string[]
  readonly input?: Uint8Array
  readonly status: number
  readonly code: number
}
const BAD: readonly Bad[] = [
  { name: '[OH10] half a document', args: [...JSON_TYPE, '--data', '{"resourceSpans":['], status: 400, code: 3 },
  {
    name: '[OH10] bytes that say they are protobuf',
    args: ['-H', `Content-Type: ${PROTOBUF}`, '--data-binary', '@-'],
    input: new TextEncoder().encode('\u{1}hello'),
    status: 400,
    code: 3,
  },
  { name: '[OH10] gzip that is none', args: [...JSON_TYPE, ...GZIP, '--data', '{}'], status: 400, code: 3 },
  { name: '[OH5] a form, which is curl’s default', args: ['--data', 'a=b'], status: 415, code: 3 },
  {
    name: '[OH6] another compression',
    args: [...JSON_TYPE, '-H', 'Content-Encoding: br', '--data', '{}'],
    status: 415,
    code: 3,
  },
  { name: '[OH4] another path', path: '/v1/profiles', args: [...JSON_TYPE, '--data', '{}'], status: 404, code: 5 },
  { name: '[OH4] another method', args: [], status: 405, code: 12 },
  {
    name: '[OH2] a name that was rebound to this machine',
    args: [...JSON_TYPE, '-H', 'Host: evil.example', '--data', '{}'],
    status: 403,
    code: 7,
  },
  {
    name: '[OH3] a web page',
    args: [...JSON_TYPE, '-H', 'Origin: http://localhost', '--data', '{}'],
    status: 403,
    code: 7,
  },
  {
    name: '[OH7] 64 MiB and a byte once decompressed',
    args: [...JSON_TYPE, ...GZIP, '--data-binary', '@-'],
    input: gzipSync(new Uint8Array(MAX_OTLP_BYTES + 1).fill(0x20)),
    status: 413,
    code: 8,
  },
  {
    name: '[OH7] a declared length over 64 MiB, before it is sent',
    args: [...JSON_TYPE, '-H', `Content-Length: ${MAX_OTLP_BYTES + 1}`, '-H', 'Expect:', '--data', '{}'],
    status: 413,
    code: 8,
  },
]

describe('what is refused is told why, and harms nothing', () => {
  test.each(BAD)('$name is $status', async ({ path = '/v1/traces', args, input, status, code }) => {
    const answer = await curl(path, args, input)
    expect(answer).toMatchObject({ status, body: { code } })
    const traceId = randomId()
    expect(await curl('/v1/traces', [...JSON_TYPE, '--data', traces(traceId)])).toMatchObject({ status: 200 })
    expect(await spanNames(traceId)).toEqual(['from curl'])
  })
})

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: unknown
}

/** Runs curl; what is sent from stdin is `input`. */
async function curl(
  path: string,
  args: readonly string[],
  input: string | Uint8Array = '',
  base = url,
): Promise<Answer> {
  const told = ['-sS', '--max-time', '30', '-w', '\n%{http_code} %{content_type}']
  const child = spawn('curl', [...told, ...args, `${base}${path}`], { stdio: ['pipe', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.on('error', () => undefined) // an answer before the end of what is sent
  child.stdin.end(input)
  await new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new Error('no curl here (apt-get install curl)', { cause })))
    child.once('close', resolve)
  })
  const [, body, status, type] = /^([^]*)\n(\d{3}) (.*)$/.exec(stdout) ?? []
  if (status === undefined || body === undefined) throw new Error(`curl said ${stdout}${stderr}`)
  return { status: Number(status), type: type ?? '', body: type === PROTOBUF ? readStatus(body) : readJson(body) }
}

function readJson(text: string): unknown {
  return text === '' ? undefined : JSON.parse(text)
}

/** google.rpc.Status begins with its code: field 1, a varint below 128. */
function readStatus(text: string): unknown {
  return { code: text.startsWith('\u{8}') ? text.charCodeAt(1) : undefined }
}

async function spanNames(traceId: string): Promise<string[]> {
  const { spans } = await agent.ask<TraceView>('traces', 'show', traceId)
  return spans.map(({ name }) => name)
}

function randomId(): string {
  return randomBytes(16).toString('hex')
}

function traces(traceId: string, spans: readonly object[] = [{}]): string {
  const base = { traceId, spanId: SPAN_ID, name: 'from curl', startTimeUnixNano: '1', endTimeUnixNano: '2' }
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shell' } }] }
  const scopeSpans = [{ spans: spans.map((span) => ({ ...base, ...span })) }]
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] })
}
