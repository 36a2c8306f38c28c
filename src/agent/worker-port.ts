/**
 * Calls across a thread: one side serves an object of functions, the other calls them by name and gets a promise.
 * Errors keep their code; anything that is not a MeshError becomes `INTERNAL` without its message, which might carry data.
 */
import type { MessagePort, Worker } from 'node:worker_threads'
import { MeshError } from '../base/errors.ts'

/** Functions that can be called from the other side; arguments and results are structured-cloned. */
export type Callable = Readonly<Record<string, (...args: never[]) => unknown>>

/** Those whose last argument is a signal get one made on their side, which is aborted when the caller's is. */
type Cancellable<Api extends Callable> = {
  [Name in keyof Api & string]: Required<Parameters<Api[Name]>> extends [...infer Args, AbortSignal]
    ? (...args: Args) => ReturnType<Api[Name]>
    : never
}

type Request =
  | {
      readonly call: number
      readonly method: string
      readonly args: readonly unknown[]
      readonly isCancellable: boolean
    }
  | { readonly cancel: number }
type Failure = { readonly name: string; readonly code: string; readonly message: string; readonly details: object }
type Message =
  | { readonly call: number; readonly ok: true; readonly result: unknown }
  | { readonly call: number; readonly ok: false; readonly error: Failure }
  | { readonly event: string; readonly value: unknown }

export type WorkerPortErrorCode = 'WORKER_GONE'
export class WorkerPortError extends MeshError<WorkerPortErrorCode> {}

/**
 * Serves `api` on this thread's port. `translate` makes errors of ours of what libraries throw.
 * @returns a function that sends an event to the other side
 */
export function serveCalls(
  port: MessagePort,
  api: Callable,
  translate: (err: unknown) => unknown = (err) => err,
): (event: string, value: unknown) => void {
  const functions = api as unknown as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>
  const open = new Map<number, AbortController>()
  const signalOf = (call: number): AbortSignal => {
    const cancel = new AbortController()
    open.set(call, cancel)
    return cancel.signal
  }
  const answer = async ({ call, method, args, isCancellable }: Exclude<Request, { cancel: number }>): Promise<void> => {
    try {
      const given = isCancellable ? [...args, signalOf(call)] : args
      const result = await (functions[method] as (...args: readonly unknown[]) => unknown)(...given)
      port.postMessage({ call, ok: true, result } satisfies Message, buffersToMove(result))
    } catch (err) {
      port.postMessage({ call, ok: false, error: toFailure(translate(err)) } satisfies Message)
    } finally {
      open.delete(call)
    }
  }
  port.on('message', (request: Request) => {
    if ('cancel' in request) open.get(request.cancel)?.abort()
    else void answer(request)
  })
  return (event, value) => port.postMessage({ event, value } satisfies Message)
}

const toMove = new WeakMap<object, readonly Uint8Array[]>()

/**
 * Bytes that a function answers with, to be moved to the other side instead of copied there: a large answer would keep both
 * threads busy with nothing else. They must have their buffers to themselves, and are gone from this side afterwards.
 */
export function moved(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  toMove.set(parts, parts)
  return parts
}

function buffersToMove(result: unknown): ArrayBuffer[] {
  const parts = (typeof result === 'object' && result !== null && toMove.get(result)) || []
  return parts.map(({ buffer }) => buffer as ArrayBuffer)
}

/** The calling side. Ends every open call with `WORKER_GONE` when the thread ends. */
export class WorkerClient<Api extends Callable> {
  readonly #worker: Worker
  readonly #open = new Map<number, { resolve: (value: unknown) => void; reject: (err: Error) => void }>()
  #calls = 0
  #gone: Error | undefined

  constructor(worker: Worker, onEvent: (event: string, value: unknown) => void, onGone: (cause: unknown) => void) {
    this.#worker = worker
    worker.on('message', (message: Message) => {
      if ('event' in message) onEvent(message.event, message.value)
      else this.#settle(message)
    })
    const end = (cause: unknown): void => {
      if (this.#gone) return
      this.#gone = new WorkerPortError('WORKER_GONE', 'the store thread has ended', { cause })
      for (const { reject } of this.#open.values()) reject(this.#gone)
      this.#open.clear()
      onGone(cause)
    }
    worker.on('error', end)
    worker.on('exit', end)
  }

  call<Name extends keyof Api & string>(
    method: Name,
    ...args: Parameters<Api[Name]>
  ): Promise<Awaited<ReturnType<Api[Name]>>> {
    return this.#post(method, args).answer as Promise<Awaited<ReturnType<Api[Name]>>>
  }

  /** Like {@link call}, until the signal is aborted: then the other side is told, and ends the call as it sees fit. */
  async callUntil<Name extends keyof Api & string>(
    signal: AbortSignal,
    method: Name,
    ...args: Parameters<Cancellable<Api>[Name]>
  ): Promise<Awaited<ReturnType<Api[Name]>>> {
    const { call, answer } = this.#post(method, args, { isCancellable: true })
    const cancel = (): void => this.#worker.postMessage({ cancel: call } satisfies Request)
    if (signal.aborted) cancel()
    signal.addEventListener('abort', cancel, { once: true })
    try {
      return (await answer) as Awaited<ReturnType<Api[Name]>>
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }

  /** Like {@link call}, but the buffers are moved instead of copied: on this side they are empty from here on. */
  callMoving<Name extends keyof Api & string>(
    buffers: readonly ArrayBuffer[],
    method: Name,
    ...args: Parameters<Api[Name]>
  ): Promise<Awaited<ReturnType<Api[Name]>>> {
    return this.#post(method, args, { buffers }).answer as Promise<Awaited<ReturnType<Api[Name]>>>
  }

  #post(
    method: string,
    args: readonly unknown[],
    { isCancellable = false, buffers = [] }: { isCancellable?: boolean; buffers?: readonly ArrayBuffer[] } = {},
  ) {
    const call = ++this.#calls
    const answer = new Promise<unknown>((resolve, reject) => {
      if (this.#gone) {
        reject(this.#gone)
        return
      }
      this.#worker.postMessage({ call, method, args, isCancellable } satisfies Request, buffers)
      this.#open.set(call, { resolve, reject })
    })
    return { call, answer }
  }

  #settle(message: Exclude<Message, { event: string }>): void {
    const open = this.#open.get(message.call)
    this.#open.delete(message.call)
    if (message.ok) open?.resolve(message.result)
    else open?.reject(toError(message.error))
  }
}

/** What may be said of an error on another thread, or in a log. */
export function toFailure(err: unknown): Failure {
  if (err instanceof MeshError) {
    return { name: err.name, code: err.code, message: err.message, details: err.details }
  }
  return { name: 'Error', code: 'INTERNAL', message: 'unexpected failure in the store thread', details: stackOf(err) }
}

/** Where it happened, without the message: file names and lines carry no data. */
function stackOf(err: unknown): object {
  if (!(err instanceof Error)) return {}
  const frames = (err.stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at '))
  return {
    error: err.name,
    at: frames
      .slice(0, 4)
      .map((line) => line.trim())
      .join(' < '),
  }
}

function toError({ code, message, details }: Failure): MeshError {
  return new MeshError(code, message, { details: details as Record<string, string | number | boolean> })
}
