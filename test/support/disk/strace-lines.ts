/**
 * Lines of `strace -f -xx` as calls: a call that another thread's line interrupted is put together again. Times are line
 * numbers: the order in which the kernel was entered and left.
 */
export interface TracedCall {
  readonly name: string
  /** As printed, strings in hex. */
  readonly args: string
  readonly result: number
  readonly startedAt: number
  readonly endedAt: number
}

const LINE = /^(?<pid>\d+) +(?<rest>.*)$/s
const WHOLE = /^(?<name>\w+)\((?<args>.*)\) += (?<result>-?\d+)/s
const BEGUN = /^(?<name>\w+)\((?<args>.*) <unfinished \.\.\.>$/s
const RESUMED = /^<\.\.\. (?<name>\w+) resumed>(?<args>.*)\) += (?<result>-?\d+)/s

/** By the time they began. Calls that a process did not come back from are left out: it was killed. */
export function readCalls(text: string): readonly TracedCall[] {
  const calls: TracedCall[] = []
  const begun = new Map<string, { readonly args: string; readonly startedAt: number }>()
  for (const [at, line] of text.split('\n').entries()) {
    const { pid = '', rest = '' } = LINE.exec(line)?.groups ?? {}
    const unfinished = BEGUN.exec(rest)?.groups
    if (unfinished) {
      begun.set(pid, { args: unfinished['args'] ?? '', startedAt: at })
      continue
    }
    const resumed = RESUMED.exec(rest)?.groups
    const { name = '', args = '', result = '' } = resumed ?? WHOLE.exec(rest)?.groups ?? {}
    if (name === '') continue
    const start = resumed && begun.get(pid)
    calls.push({
      name,
      args: `${start?.args ?? ''}${args}`,
      result: Number(result),
      startedAt: start?.startedAt ?? at,
      endedAt: at,
    })
  }
  return calls.sort((a, b) => a.startedAt - b.startedAt)
}

/** The strings among a call's arguments, in order. */
export function stringsOf({ args }: TracedCall): readonly Uint8Array[] {
  return [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?/g)].map(([, hex = '', isCut]) => {
    if (isCut !== undefined) throw new Error('strace was told to keep less than was written')
    return new Uint8Array(Buffer.from(hex.replaceAll('\\x', ''), 'hex'))
  })
}

/** The plain words and numbers among them, strings left out. */
export function wordsOf({ args }: TracedCall): readonly string[] {
  return args
    .replaceAll(/"[^"]*"/g, '')
    .split(/[,[\]{}]/)
    .map((word) => word.trim())
    .filter((word) => word !== '')
}
