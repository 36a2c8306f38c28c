/**
 * The story on stderr: numbered steps, what was typed on which device, and what it means. On a terminal the step under
 * way has a spinner; elsewhere each step is a line that ends when the step does.
 */
import { painter, wantsColour, type Paint } from '../../src/cli/render/colour.ts'
import { formatDurationMs } from '../../src/cli/render/duration.ts'

export interface StepNotes {
  /** A command as it was typed on a device. */
  readonly typed: (device: string, command: string) => void
  /** A sentence about what happened. */
  readonly said: (sentence: string) => void
}

const FRAMES = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
const FRAME_MS = 80
const CLEAR_LINE = '\r\u001B[2K'
const INDENT = '       '

export class Progress {
  readonly #out: NodeJS.WriteStream
  readonly #paint: Paint
  readonly #isTerminal: boolean
  readonly #steps: number
  readonly #signal: AbortSignal
  #step = 0
  #title = ''

  constructor(out: NodeJS.WriteStream, options: { readonly steps: number; readonly signal: AbortSignal }) {
    this.#out = out
    this.#steps = options.steps
    this.#signal = options.signal
    this.#isTerminal = out.isTTY && process.env['TERM'] !== 'dumb'
    this.#paint = painter(wantsColour(process.env, out.isTTY))
  }

  /** The step under way, or the last one. */
  get title(): string {
    return this.#title
  }

  headline(title: string, sentences: readonly string[]): void {
    this.#out.write(`\n${this.#paint(title, 'bold')}\n\n${sentences.map((sentence) => `${sentence}\n`).join('')}\n`)
  }

  async step<T>(title: string, work: (notes: StepNotes) => Promise<T>): Promise<T> {
    this.#title = title
    this.#step++
    const startMs = performance.now()
    const notes: string[] = []
    const stopSpinner = this.#begin(title)
    try {
      const result = await work(this.#notesInto(notes))
      stopSpinner()
      this.#end('✓', 'green', formatDurationMs(performance.now() - startMs))
      for (const note of notes) this.#out.write(`${INDENT}${note}\n`)
      return result
    } catch (err) {
      stopSpinner()
      this.#end('✗', 'red', this.#signal.aborted ? 'stopped' : 'failed')
      throw err
    }
  }

  line(text = ''): void {
    this.#out.write(`${text}\n`)
  }

  #begin(title: string): () => void {
    const count = `${this.#step}/${this.#steps}`
    if (!this.#isTerminal) {
      this.#out.write(`  ${count}  ${title} ... `)
      return () => undefined
    }
    let frame = 0
    const draw = (): void => {
      const spinner = this.#paint(FRAMES[frame++ % FRAMES.length] as string, 'cyan')
      this.#out.write(`${CLEAR_LINE}${spinner} ${count}  ${title}`)
    }
    draw()
    const timer = setInterval(draw, FRAME_MS)
    return () => {
      clearInterval(timer)
      this.#out.write(CLEAR_LINE)
    }
  }

  #end(mark: string, style: 'green' | 'red', outcome: string): void {
    const count = `${this.#step}/${this.#steps}`
    const line = `${this.#paint(mark, style)} ${count}  ${this.#paint(this.#title, 'bold')}  ${this.#paint(outcome, 'dim')}`
    this.#out.write(`${this.#isTerminal ? line : outcome}\n`)
  }

  #notesInto(notes: string[]): StepNotes {
    return {
      typed: (device, command) => {
        notes.push(`${this.#paint(`${device} $`.padStart(8), 'dim')} ${this.#paint(command, 'cyan')}`)
      },
      said: (sentence) => notes.push(sentence),
    }
  }
}
