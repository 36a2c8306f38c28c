import { execFileSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HttpAnswer, HttpRequest, Route } from '../../../../src/agent/http-server.ts'
import { concat } from '../../../../src/base/bytes.ts'
import { MeshError } from '../../../../src/base/errors.ts'
import { u32Prefix } from '../../../../src/wire/otlp/framing.ts'
import { scanOtlp } from '../../../../src/wire/otlp/scan.ts'
import { logsToJson } from '../../../../src/wire/otlp/to-json.ts'
import { logs } from '../../../support/otlp-records.ts'
import { cliHarness, type CliHarness } from '../cli-harness.ts'

const MESSAGE = logs('app', 9, 17)
const STREAM = concat(u32Prefix(MESSAGE.length), MESSAGE)
const LINE = `${JSON.stringify(logsToJson(MESSAGE))}\n`
const TOTALS = { records: 2, messages: 1, bytes: STREAM.length, tampered: 0, unreadable: 0 }
let cli: CliHarness
let folder: string

beforeEach(() => {
  cli = cliHarness()
  folder = mkdtempSync(join(tmpdir(), 'files-'))
})
afterEach(async () => {
  await cli.remove()
  rmSync(folder, { recursive: true, force: true })
})

const file = (name: string, text: string | Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** Takes what is good, as the agent does. */
const taking = (
  take: (signal: string, bytes: Uint8Array) => HttpAnswer = (signal, bytes) => {
    const { accepted, rejected } = scanOtlp(signal as 'logs', bytes)
    return { json: { accepted, rejected: rejected ?? null } }
  },
): Route => ({
  method: 'POST',
  path: '/v1/import/:signal',
  capability: 'cli',
  maxBodyBytes: 1 << 24,
  handle: ({ params, body }) => take(params['signal'] as string, body),
})
const giving = (answer: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>): Route => ({
  method: 'GET',
  path: '/v1/export/:signal',
  capability: 'cli',
  handle: answer,
})
const stream = (bytes: Uint8Array, totals: object | null = TOTALS): HttpAnswer => ({
  contentType: 'application/x-protobuf',
  stream: (write) => write(bytes),
  ...(totals && { trailers: () => ({ 'x-aico-export': JSON.stringify(totals) }) }),
})

describe('import', () => {
  test('[IM13] says what came in, in words and as JSON', async () => {
    await cli.serve([taking()])
    const path = file('logs.jsonl', LINE + LINE)
    const { exit, stdout, stderr } = await cli.run('import', path)
    expect([exit, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^Imported 4 log records of 1 file \(\d+ B\) in [\d.]+ m?s\.\n$/)
    const { json } = await cli.run('import', path, path, '--json')
    expect(json).toEqual({
      files: 2,
      bytes: LINE.length * 4,
      records: { traces: 0, logs: 8, metrics: 0 },
      rejected: 0,
      problems: [],
    })
  })

  test('[IM5] names what was left out, takes the rest and ends with 1', async () => {
    await cli.serve([taking()])
    const path = file('logs.jsonl', `${LINE}{"resourceLogs":[{]}\nbroken\n${LINE}`)
    const { exit, stdout, stderr } = await cli.run('import', path)
    expect(exit).toBe(1)
    expect(stdout.split('\n').slice(1)).toEqual([
      'Left out: 2.',
      `  ${path}, line 2: OTLP_JSON: brackets do not fit`,
      `  ${path}, line 3: OTLP_JSON: not a JSON document`,
      '',
    ])
    expect(stderr).toBe('IMPORT_REJECTED: some of it was left out, as told; everything else is in\n')
    expect((await cli.run('import', path, '--json')).json).toMatchObject({
      records: { logs: 4 },
      rejected: 2,
      problems: [{ file: path, unit: 'line', at: 2, records: 1, code: 'OTLP_JSON' }, { at: 3 }],
    })
  })

  test('[IM5] names the first ten of many', async () => {
    await cli.serve([taking()])
    const { stdout } = await cli.run('import', file('logs.jsonl', LINE + 'broken\n'.repeat(15)))
    expect(stdout).toContain('Left out: 15.\n')
    expect(stdout.match(/OTLP_JSON/g)).toHaveLength(10)
    expect(stdout).toContain('  and 5 more\n')
  })

  test('[IM5] names what the door refused by the line it stood on', async () => {
    await cli.serve([taking()])
    const bad = LINE.replaceAll('"17953', '"99953')
    const { exit, stdout } = await cli.run('import', file('logs.jsonl', LINE + bad))
    expect(exit).toBe(1)
    expect(stdout).toContain('line 2 (2 records): OTLP_BAD_TIME')
  })

  test('[IM12] takes a log file as one only if it is named so', async () => {
    await cli.serve([taking()])
    const path = file('app.log', 'one\ntwo\n')
    const { exit, stderr } = await cli.run('import', path)
    expect([exit, stderr]).toEqual([
      2,
      `IMPORT_FORMAT: ${path}: its format cannot be told: say --format (a log file is --format text)\n`,
    ])
    expect((await cli.run('import', '--format', 'text', path)).stdout).toMatch(/^Imported 2 log records/)
  })

  test.each([
    { name: 'a file that is not there', files: ['nowhere.json'], code: 'CLI_USAGE' },
    { name: 'a folder', files: ['.'], code: 'CLI_USAGE' },
    { name: 'a file of no known format behind a good one', files: ['good.jsonl', 'what.bin'], code: 'IMPORT_FORMAT' },
  ])('[IM8] $name is found before anything is imported', async ({ files, code }) => {
    let batches = 0
    await cli.serve([taking(() => ({ json: { accepted: batches++, rejected: null } }))])
    file('good.jsonl', LINE)
    file('what.bin', Uint8Array.of(1, 2, 3))
    const { exit, stderr } = await cli.run('import', ...files.map((name) => join(folder, name)))
    expect([exit, stderr.split(':')[0], batches]).toEqual([2, code, 0])
  })

  test.each([
    { name: 'gzip', pack: gzipSync, cut: 4 },
    { name: 'zstd', pack: zstdCompressSync, cut: 1 },
  ])('[IM4] a file whose $name breaks off says so, and what came before is in', async ({ pack, cut }) => {
    await cli.serve([taking()])
    // Of zstd, a block is read once it is whole.
    const whole = pack(`${LINE}${'\n'.repeat(300_000)}`)
    const path = file('logs.jsonl.packed', whole.subarray(0, -cut))
    const { exit, stderr } = await cli.run('import', path)
    expect(exit).toBe(1)
    expect(stderr).toContain('Imported 2 log records')
    expect(stderr).toContain('Importing it again adds it once more')
    expect(stderr).toContain(`IMPORT_UNREADABLE: ${path} cannot be read further: what is compressed in it breaks off`)
  })

  test('[IM4] a file that is broken from its beginning says so, and not that anything came in', async () => {
    await cli.serve([taking()])
    const path = file('logs.jsonl.gz', gzipSync(LINE).subarray(0, 14))
    const { exit, stderr } = await cli.run('import', '--format', 'otlp-json', path)
    expect(exit).toBe(1)
    expect(stderr).toBe(`IMPORT_UNREADABLE: ${path} cannot be read further: what is compressed in it breaks off\n`)
  })

  test('[IM1] a refusal by policy is 4, and no agent is 3', async () => {
    const path = file('logs.jsonl', LINE)
    expect((await cli.run('import', path)).exit).toBe(3)
    await cli.serve([
      taking(() => {
        throw new MeshError('STAGE_TOO_LOW', 'this needs the developer stage')
      }),
    ])
    const { exit, stderr } = await cli.run('import', path)
    expect(exit).toBe(4)
    expect(stderr).toContain('STAGE_TOO_LOW: this needs the developer stage')
  })
})

describe('export', () => {
  test('[EX7] to standard output is JSON lines and nothing else', async () => {
    await cli.serve([giving(() => stream(STREAM))])
    const { exit, stdout, stderr } = await cli.run('export', '--signal', 'logs')
    expect([exit, stdout, stderr]).toEqual([0, LINE, 'Exported 2 records.\n'])
  })

  test('[EX5] a link stands for the file it leads to', async () => {
    await cli.serve([giving(() => stream(STREAM))])
    const [real, link] = [file('real.jsonl', 'before'), join(folder, 'link.jsonl')]
    symlinkSync(real, link)
    expect((await cli.run('export', '--signal', 'logs', '-o', link)).exit).toBe(0)
    expect([lstatSync(link).isSymbolicLink(), readFileSync(real, 'utf8')]).toEqual([true, LINE])
  })

  test('[EX5] a pipe is written to and stays one', async () => {
    await cli.serve([giving(() => stream(STREAM))])
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const [read, { exit }] = await Promise.all([
      readFile(pipe, 'utf8'),
      cli.run('export', '--signal', 'logs', '-o', pipe),
    ])
    expect([read, exit, statSync(pipe).isFIFO(), readdirSync(folder)]).toEqual([LINE, 0, true, ['pipe']])
  })

  test('[EX5] a link that leads nowhere cannot be written', async () => {
    await cli.serve([giving(() => stream(STREAM))])
    const link = join(folder, 'link.jsonl')
    symlinkSync(join(folder, 'nowhere', 'x'), link)
    const { exit, stderr } = await cli.run('export', '--signal', 'logs', '-o', link)
    expect(exit).toBe(1)
    expect(stderr).toContain('EXPORT_UNWRITABLE')
  })

  test('[EX7] without a signal is all three', async () => {
    const asked: string[] = []
    await cli.serve([giving(({ params }) => (asked.push(params['signal'] as string), stream(new Uint8Array(0))))])
    expect((await cli.run('export')).exit).toBe(0)
    expect(asked).toEqual(['traces', 'logs', 'metrics'])
  })

  test('[EX7] of a trace is of no metrics', async () => {
    const asked: string[] = []
    await cli.serve([
      giving(({ params, query }) => (asked.push(`${params['signal']} ${query.toString()}`), stream(new Uint8Array(0)))),
    ])
    await cli.run('export', '--trace', '0af7', '--filter', 'a=b c')
    expect(asked).toEqual(['traces trace=0af7&filter=a%3Db+c', 'logs trace=0af7&filter=a%3Db+c'])
  })

  test('[EX5] to a file is the owner’s alone, and the answer says what is in it', async () => {
    await cli.serve([giving(() => stream(STREAM))])
    const path = join(folder, 'out.pb.zst')
    const argv = ['export', '--signal', 'logs', '--format', 'otlp-protobuf', '--compress', 'zstd', '-o', path]
    expect((await cli.run(...argv, '--json')).json).toEqual({ file: path, ...TOTALS })
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600')
    expect(new Uint8Array(zstdDecompressSync(readFileSync(path)))).toEqual(STREAM)
    expect(readdirSync(folder)).toEqual(['out.pb.zst'])
    expect((await cli.run(...argv)).stdout).toBe(`Exported 2 records to ${path}.\n`)
  })

  test('[EX4] asks the agent for what was asked for', async () => {
    const asked: string[] = []
    await cli.serve([giving(({ query }) => (asked.push(query.toString()), stream(new Uint8Array(0))))])
    const trace = '0af7651916cd43dd8448eb211c80319c'
    const argv = [
      '--since',
      '2026-11-22',
      '--until',
      '2026-11-23T12:00:00Z',
      '--trace',
      trace,
      '--module',
      'otlp/a&b',
      '--device',
      'phone',
    ]
    await cli.run('export', '--signal', 'traces', ...argv)
    expect(asked).toEqual([
      `sinceUnixMs=${Date.UTC(2026, 10, 22)}&untilUnixMs=${Date.UTC(2026, 10, 23, 12)}&trace=${trace}&module=otlp%2Fa%26b&device=phone`,
    ])
  })

  test('[EX5] what was left out is said', async () => {
    await cli.serve([giving(() => stream(STREAM, { ...TOTALS, tampered: 2, unreadable: 1 }))])
    const { stderr } = await cli.run('export', '--signal', 'logs')
    expect(stderr).toContain('Left out: 3 stored chunks that cannot be trusted or read.')
  })

  test.each([
    { name: 'without its trailer', answer: () => stream(STREAM, null) },
    {
      name: 'cut off',
      answer: (): HttpAnswer => ({
        stream: async (write) => {
          await write(STREAM)
          throw new MeshError('QUERY_STOPPED', 'the agent stops')
        },
      }),
    },
  ])('[EX5] an export $name is a failure, and leaves no file', async ({ answer }) => {
    await cli.serve([giving(answer)])
    const path = join(folder, 'out.jsonl')
    const { exit, stderr } = await cli.run('export', '--signal', 'logs', '-o', path)
    expect([exit, stderr]).toEqual([1, 'EXPORT_INCOMPLETE: the agent ended the export before it was whole\n'])
    expect(readdirSync(folder)).toEqual([])
  })

  test('[EX5] a file that cannot be written is said, and one that was there stays', async () => {
    await cli.serve([giving(() => stream(STREAM))])
    const { exit, stderr } = await cli.run('export', '--signal', 'logs', '-o', join(folder, 'no', 'out.jsonl'))
    expect([exit, stderr]).toEqual([
      1,
      `EXPORT_UNWRITABLE: ${join(folder, 'no', 'out.jsonl')} cannot be written: ENOENT\n`,
    ])
    expect(existsSync(join(folder, 'no'))).toBe(false)
  })

  test.each([
    { name: 'protobuf without a signal', argv: ['--format', 'otlp-protobuf', '-o', 'x'] },
    { name: 'an answer and an export in one place', argv: ['--json', '--signal', 'logs'] },
    { name: 'a trace that is none', argv: ['--trace', 'xyz'] },
    { name: 'a time that is none', argv: ['--signal', 'logs', '--since', 'noon'] },
    { name: 'a time that ends before it begins', argv: ['--signal', 'logs', '--since', '1h', '--until', '2h'] },
    { name: 'a time of no length', argv: ['--signal', 'logs', '--since', '1h', '--until', '1h'] },
    { name: 'an end that is no time', argv: ['--signal', 'logs', '--until', 'all'] },
  ])('[EX7] [CL12] $name is misuse', async ({ argv }) => {
    await cli.serve([giving(() => stream(STREAM))])
    const { exit, stderr } = await cli.run('export', ...argv)
    expect([exit, stderr.split(':')[0]]).toEqual([2, 'CLI_USAGE'])
  })
})
