/** Lines on standard output, as many as there are and as quick as they are read. */

/** A reader that takes its time is waited for: what comes meanwhile waits, bounded, in the agent. @returns false if it is gone */
export async function printLine(line: string): Promise<boolean> {
  const { stdout } = process
  if (stdout.destroyed) return false
  if (stdout.write(`${line}\n`)) return true
  await new Promise<void>((resolve) => {
    const end = (): void => {
      stdout.off('drain', end).off('close', end)
      resolve()
    }
    stdout.on('drain', end).on('close', end)
  })
  return !stdout.destroyed
}
