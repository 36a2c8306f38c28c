/** A program at a real terminal (a pty by util-linux's `script`): what it shows, and a person who types when asked. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Terminal {
  /** Resolves once the terminal shows this. @throws if the program ends before */
  shows(text: string): Promise<void>
  type(line: string): void
  /** Everything shown, when the program has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly text: string }>
}

export function atTerminal(command: readonly string[]): Terminal {
  const quoted = command.map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['-qefc', quoted, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] })
  let text = ''
  let isOver = false
  const waiting = new Set<() => void>()
  const tell = (): void => {
    for (const check of waiting) check()
  }
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more
    tell()
  })
  const ended = once(child, 'close').then(([code]) => {
    isOver = true
    tell()
    return { code: code as number | null, text }
  })
  return {
    ended,
    type: (line) => void child.stdin.write(`${line}\n`),
    shows: (wanted) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (!text.includes(wanted) && !isOver) return
          waiting.delete(check)
          if (text.includes(wanted)) resolve()
          else reject(new Error(`it ended without showing ${wanted}: ${text}`))
        }
        waiting.add(check)
        check()
      }),
  }
}
