/** `export`: records of this device's store as a file. */
import type { ExportView } from '../../agent/http-types/transfer.ts'
import { nodeClock } from '../../platform/node-clock.ts'
import type { JsonLinesWriter } from '../../transfer/write-json.ts'
import { usage } from '../cli-error.ts'
import type { Command, CommandContext } from '../command.ts'
import { oneOf } from '../option-values.ts'
import { TIMES_HELP } from '../parse-time.ts'
import { Progress } from '../progress.ts'
import { formatSize } from '../render/data-size.ts'
import { plural } from '../render/plural.ts'
import { safeText } from '../render/safe-text.ts'
import { FILTER_HELP, TIME_OPTIONS, timeRangeOf } from './search-options.ts'
import { SIGNAL_OPTION, signalOf, SIGNALS, type SignalName } from './signal-option.ts'
import { TRACE_OPTION } from './trace-option.ts'

const FORMATS = ['otlp-json', 'otlp-protobuf'] as const

/** What `--json` prints of an export. */
interface ExportSummary extends ExportView {
  readonly file: string
}

export const exportCommand: Command = {
  name: 'export',
  takes: '',
  help: "write records of this device's store to a file, as OTLP",
  details: [
    'A copy outside of the encrypted store is protected by nothing but its file permissions (0600). Records of other devices are in it only if --device names them, or all.',
    'otlp-json is one message a line, otlp-protobuf each message behind its length (4 bytes, big-endian), as the OpenTelemetry Collector writes and reads files. Records come as they were recorded; protobuf keeps every byte of them.',
    ...FILTER_HELP,
    TIMES_HELP,
  ],
  examples: [
    'export --signal logs --since 2h',
    "export --signal traces --filter 'service=shop status=error' -o errors.jsonl",
    'export --signal traces --format otlp-protobuf --compress zstd -o t.pb.zst',
  ],
  options: {
    signal: {
      ...SIGNAL_OPTION,
      help: 'traces, logs or metrics; default all three (otlp-json); metrics have neither --trace nor --filter',
    },
    ...TIME_OPTIONS,
    trace: TRACE_OPTION,
    filter: {
      type: 'string',
      value: 'FILTER',
      help: "only those that meet these conditions: 'service=shop status=error'",
    },
    module: { type: 'string', value: 'MODULE', help: 'only those of this module, such as otlp/checkout' },
    device: { type: 'string', value: 'DEVICE', help: 'those of another device, or all; default this one' },
    format: {
      type: 'string',
      value: 'FORMAT',
      refuse: oneOf(FORMATS),
      help: 'otlp-json (the default) or otlp-protobuf',
    },
    compress: { type: 'string', value: 'CODEC', refuse: oneOf(['zstd']), help: 'compress the file: zstd' },
    output: { type: 'string', short: 'o', value: 'FILE', help: 'default standard output' },
  },
  async run(context) {
    const { output, options } = context
    const path = textOf(options['output'])
    const isProtobuf = options['format'] === 'otlp-protobuf'
    const compress = options['compress'] === 'zstd'
    const signal = signalOf(options['signal'])
    requireFile(path, isProtobuf || compress, output)
    if (isProtobuf && signal === undefined) {
      throw usage('otlp-protobuf needs --signal: nothing in it says what its records are')
    }
    const { writeTarget } = await import('../export/target-file.ts')
    const totals = new Totals()
    const paths = pathsOf(options, signal === undefined ? signalsFor(options) : [signal])
    const bytes = withProgress(output, recordBytes(context, paths, isProtobuf, totals))
    if (!(await writeTarget(bytes, { path, compress }))) return output.hint('The reader ended before the export did.')
    const summary: ExportSummary = { file: path ?? '-', ...totals.view }
    if (path === undefined) output.hint(words(summary))
    else output.answer(summary, () => words(summary))
  },
}

type SignalPath = readonly [signal: SignalName, path: string]

class Totals {
  view: ExportView = { records: 0, messages: 0, bytes: 0, tampered: 0, unreadable: 0 }

  readonly add = (more: ExportView): void => {
    const { records, messages, bytes, tampered, unreadable } = this.view
    this.view = {
      records: records + more.records,
      messages: messages + more.messages,
      bytes: bytes + more.bytes,
      tampered: tampered + more.tampered,
      unreadable: unreadable + more.unreadable,
    }
  }
}

/** Standard output is one thing: the export, or an answer, or what a terminal can show. */
function requireFile(path: string | undefined, isBinary: boolean, { json }: CommandContext['output']): void {
  if (path !== undefined) return
  if (json) throw usage('--json prints what became of the export: say where it goes, with --output FILE')
  if (isBinary && process.stdout.isTTY)
    throw usage('this is no text for a terminal: say where it goes, with --output FILE')
}

/** A metric is of no trace, and no search finds one. */
function signalsFor({ trace, filter }: CommandContext['options']): readonly SignalName[] {
  return trace === undefined && filter === undefined ? SIGNALS : ['traces', 'logs']
}

function pathsOf(options: CommandContext['options'], signals: readonly SignalName[]): readonly SignalPath[] {
  const query = new URLSearchParams()
  const put = (name: string, value: string | undefined): void => {
    if (value !== undefined) query.set(name, value)
  }
  const { sinceUnixMs, untilUnixMs } = timeRangeOf(options, Date.now())
  put('sinceUnixMs', sinceUnixMs?.toString())
  put('untilUnixMs', untilUnixMs?.toString())
  put('trace', textOf(options['trace']))
  put('filter', textOf(options['filter']))
  put('module', textOf(options['module']))
  put('device', textOf(options['device']))
  const suffix = query.size === 0 ? '' : `?${query.toString()}`
  return signals.map((signal) => [signal, `/v1/export/${signal}${suffix}`])
}

/** One signal after the other. */
async function* recordBytes(
  { client }: CommandContext,
  paths: readonly SignalPath[],
  isProtobuf: boolean,
  { add }: Totals,
): AsyncGenerator<Uint8Array> {
  const { download } = await import('../export/download.ts')
  const { JsonLinesWriter } = await import('../../transfer/write-json.ts')
  for (const [signal, path] of paths) {
    const bytes = download(client, path, add)
    if (isProtobuf) yield* bytes
    else yield* jsonLines(bytes, new JsonLinesWriter(signal))
  }
}

async function* jsonLines(bytes: AsyncIterable<Uint8Array>, writer: JsonLinesWriter): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) yield* writer.push(chunk)
}

async function* withProgress(
  output: CommandContext['output'],
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const progress = new Progress({ output, stderr: process.stderr, monotonic: () => nodeClock.monotonic() })
  let bytes = 0
  try {
    for await (const chunk of source) {
      bytes += chunk.length
      yield chunk
      progress.show((seconds) => `${formatSize(bytes)}, ${formatSize(bytes / Math.max(seconds, 0.001))}/s`)
    }
  } finally {
    progress.finish()
  }
}

function words({ file, records: count, tampered, unreadable }: ExportSummary): string {
  const left = tampered + unreadable
  return [
    `Exported ${plural(count, 'record')}${file === '-' ? '' : ` to ${safeText(file)}`}.`,
    ...(left === 0 ? [] : [`Left out: ${plural(left, 'stored chunk')} that cannot be trusted or read.`]),
  ].join('\n')
}

function textOf(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
