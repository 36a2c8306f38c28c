/** A lane as it is recorded, printed line by line. Ends when nobody reads any more, and fails when the agent ends it. */
import type { IncomingMessage } from 'node:http'
import type { ErrorView } from '../agent/http-types/device.ts'
import { unreachable } from './agent-client.ts'
import { AgentAnswerError } from './cli-error.ts'
import type { CommandContext } from './command.ts'
import { printLine } from './print-line.ts'
import { plural } from './render/plural.ts'
import { printableJson } from './render/printable-json.ts'

/** How a record is printed. */
export interface LineForms<Line> {
  readonly words: (line: Line) => string
  /** With `--json`; default the line as it came. */
  readonly json?: (line: Line) => unknown
}

/** A record; that some are missing; or, at the end, why there will be no more. */
type News<Line> = Line | { readonly dropped: number } | ErrorView

/** What was recorded before, the oldest first, and what tells one line from another. */
export interface ListedBefore<Line> {
  readonly lines: readonly Line[]
  readonly keyOf: (line: Line) => string
}
const NOTHING_BEFORE = { lines: [], keyOf: () => '' }

/** @throws {AgentAnswerError} for a filter that is refused, or a stage that ends it; {CliError} `AGENT_UNREACHABLE` */
export async function followLines<Line extends object>(
  { client, output }: Pick<CommandContext, 'client' | 'output'>,
  lane: 'traces' | 'logs',
  query: Readonly<Record<string, unknown>>,
  forms: LineForms<Line>,
  listBefore?: () => Promise<ListedBefore<Line>>,
): Promise<void> {
  const where = { path: `/v1/tail/${lane}`, method: 'POST', body: query } as const
  return followStream({ client, output }, where, forms, listBefore)
}

/** A stream of the agent's that is lines of JSON: records, and what else is told as it happens. @throws as {@link followLines} */
export async function followStream<Line extends object>(
  { client, output }: Pick<CommandContext, 'client' | 'output'>,
  where: { readonly path: string; readonly method: 'GET' | 'POST'; readonly body?: unknown },
  forms: LineForms<Line>,
  listBefore?: () => Promise<ListedBefore<Line>>,
): Promise<void> {
  const { words, json = (line) => line } = forms
  const response = await client.download(where.path, where)
  const { lines, keyOf } = (await listBefore?.()) ?? NOTHING_BEFORE
  const print = (line: Line): Promise<boolean> => printLine(output.json ? printableJson(json(line)) : words(line))
  for (const line of lines) if (!(await print(line))) return
  const listed = new Set(lines.map(keyOf))
  for await (const text of linesOf(response)) {
    const news = JSON.parse(text) as News<Line>
    if ('error' in news) throw endedBy(news)
    if ('dropped' in news) {
      output.hint(`${plural(news.dropped, 'record')} left out: they came too fast`)
      if (output.json && !(await printLine(printableJson(news)))) return
    } else if (!listed.has(keyOf(news)) && !(await print(news))) return
  }
  throw unreachable(undefined)
}

function endedBy({ error: { code, message } }: ErrorView): AgentAnswerError {
  return new AgentAnswerError(code.startsWith('STAGE_') ? 403 : 500, code, message, {})
}

/** Lines end with a line feed alone: text within them may hold other line breaks. @throws {CliError} `AGENT_UNREACHABLE` */
async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } catch (cause) {
    throw unreachable(cause)
  }
}
