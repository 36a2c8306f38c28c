/** What happens when the answer cannot be written: a reader that has gone is no failure, a full disk is. */
import { EXIT } from './cli-error.ts'

type Streams = Pick<NodeJS.Process, 'stdout' | 'stderr'>

/** Call once, before anything is written. `end` ends the process with an exit code. */
export function handleOutputErrors({ stdout, stderr }: Streams, end: (exitCode: number) => void): void {
  stdout.on('error', (err: NodeJS.ErrnoException) => {
    if (err.code === 'EPIPE') return // `| head` has read what it wanted
    stderr.write(`OUTPUT_FAILED: the answer cannot be written: ${err.message}\n`)
    end(EXIT.failed)
  })
  // Nowhere is left to say it.
  stderr.on('error', () => undefined)
}
