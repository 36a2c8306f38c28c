/** One signal of an export, as it comes from the agent: bytes, and at the end the proof that they are all. */
import type { ExportView } from '../../agent/http-types/transfer.ts'
import type { AgentClient } from '../agent-client.ts'
import { CliError } from '../cli-error.ts'

/** The trailer that an export ends with. */
const TRAILER = 'x-aico-export'

/** Calls `onEnd` once all has come. @throws {CliError} `EXPORT_INCOMPLETE`, and as {@link AgentClient.download} */
export async function* download(
  client: Pick<AgentClient, 'download'>,
  path: string,
  onEnd: (view: ExportView) => void,
): AsyncGenerator<Uint8Array> {
  const response = await client.download(path)
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) yield chunk
  } catch (cause) {
    throw incomplete(cause)
  }
  const trailer = response.trailers[TRAILER]
  if (trailer === undefined) throw incomplete()
  onEnd(JSON.parse(trailer) as ExportView)
}

function incomplete(cause?: unknown): CliError {
  return new CliError('EXPORT_INCOMPLETE', 'the agent ended the export before it was whole', { cause })
}
