/**
 * By itself a signal ends a process without its exit handlers, and what it started goes on. To be called once by a program
 * that starts others: told to end, it does so in order, and they with it.
 */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const EXIT_STOPPED = 130

export function endOnSignals(): void {
  for (const signal of SIGNALS) process.once(signal, () => process.exit(EXIT_STOPPED))
}
