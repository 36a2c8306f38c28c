/** `import`: records of files into this device's store. */
import { nodeClock } from '../../platform/node-clock.ts'
import { FILE_FORMATS, type FileFormat } from '../../transfer/file-format.ts'
import { CliError } from '../cli-error.ts'
import type { Command, CommandContext } from '../command.ts'
import type { ImportSummary } from '../import/import-files.ts'
import { oneOf } from '../option-values.ts'
import { Progress } from '../progress.ts'
import { importProgress, importWords } from '../render/import-words.ts'
import { SIGNAL_OPTION, signalOf } from './signal-option.ts'

/** Most files of one call: what a shell passes on. */
const MAX_FILES = 100_000

/** Of what came in before an import failed. */
const TWICE =
  'Importing it again adds it once more: traces and logs show a record once, stats and errors count it twice.'

export const importCommand: Command = {
  name: 'import',
  takes: 'FILE...',
  help: 'bring records of files into this device: OTLP, Jaeger, log files',
  details: [
    'Files are OTLP JSON (one message a line, or a document), OTLP protobuf (one message, or many behind their lengths), Jaeger JSON as its API and its web app give it, each plain or compressed with gzip or zstd, and of any size; - is standard input. A log file has to be named as one: --format text makes each line a record.',
    'What cannot be read is left out alone, counted, and the first of it is named by file and line; everything else comes in. A file that is imported twice is there twice: traces and logs show a record once, stats and errors count it twice.',
  ],
  examples: ['import traces.jsonl metrics.pb.zst', 'import jaeger.json', 'import --format text app.log'],
  options: {
    format: {
      type: 'string',
      value: 'FORMAT',
      refuse: oneOf(['auto', ...FILE_FORMATS]),
      help: `${FILE_FORMATS.join(', ')}; default auto: told by the first bytes`,
    },
    signal: { ...SIGNAL_OPTION, help: 'what protobuf holds, where it cannot be told: traces, logs or metrics' },
    service: { type: 'string', value: 'NAME', help: 'what the source of a log file is called; default its file name' },
  },
  words: [1, MAX_FILES],
  async run({ client, output, options, words }) {
    // Loaded only here: every other command starts faster without.
    const { checkFormat, findFile } = await import('../import/source-file.ts')
    const { importFiles, ImportTally } = await import('../import/import-files.ts')
    const files = words.map(findFile)
    const format = formatOf(options['format'])
    if (format === undefined) for (const file of files) await checkFormat(file)
    const tally = new ImportTally()
    const progress = new Progress({ output, stderr: process.stderr, monotonic: () => nodeClock.monotonic() })
    const totalBytes = files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0)
    let waitsFor: string | undefined
    const deps = {
      client,
      clock: nodeClock,
      onWait: (reason: string | undefined) => {
        waitsFor = reason
      },
      onProgress: (summary: ImportSummary) =>
        progress.show((seconds) => importProgress(summary, { totalBytes, seconds, waitsFor })),
    }
    const service = typeof options['service'] === 'string' ? options['service'] : undefined
    try {
      await importFiles(deps, files, { format, signal: signalOf(options['signal']), service }, tally)
    } catch (err) {
      const seconds = progress.finish()
      const summary = tally.summary()
      if (Object.values(summary.records).some((count) => count > 0)) {
        output.hint(`${importWords(summary, seconds)}\n${TWICE}`)
      }
      throw err
    }
    answer(output, tally.summary(), progress.finish())
  },
}

function answer(output: CommandContext['output'], summary: ImportSummary, seconds: number): void {
  output.answer(summary, () => importWords(summary, seconds))
  if (summary.rejected === 0) return
  throw new CliError('IMPORT_REJECTED', 'some of it was left out, as told; everything else is in')
}

function formatOf(text: string | boolean | undefined): FileFormat | undefined {
  return FILE_FORMATS.find((format) => format === text)
}
