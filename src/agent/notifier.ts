/**
 * Tells the person what the store thread decided to tell: programs on the bus that subscribed, whoever follows on the command
 * line, and the desktop where that is wanted. Also the door for the main thread's own news. Nothing here may fail its caller,
 * or wait for anybody who reads slowly.
 */
import { utf8 } from '../base/bytes.ts'
import { MeshError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Service } from '../base/service.ts'
import type { AgentPublication } from '../bus/bus.ts'
import type { DesktopNotifier } from '../platform/desktop-notifier.ts'
import type { ArgsOf, NotificationId } from '../policy/notifications/catalogue.ts'
import type { NotificationView } from './http-types/notifications.ts'
import type { ToldNotification } from './keeper/notices.ts'
import type { KeeperClient } from './keeper-client.ts'
import { toldView } from './notification-view.ts'

/** Most who follow at once: a few windows of one person. */
export const MAX_FOLLOWERS = 16
/** Told ones that wait for a slow follower, or for the start; the oldest go. */
export const MAX_WAITING_LINES = 64
/** Topics begin with this; the category follows. Only the agent publishes there. */
export const TOPIC_PREFIX = 'notifications/'
/** Version of what is published. */
const MESSAGE_VERSION = 1

export type NotifierErrorCode = 'TAIL_BUSY'
export class NotifierError extends MeshError<NotifierErrorCode> {}

export interface NotifierDeps {
  readonly log: Logger
  readonly keeper: () => Pick<KeeperClient, 'call'>
  readonly publish: (publication: AgentPublication) => void
  readonly desktop: Pick<DesktopNotifier, 'show'>
}

interface Follower {
  readonly lines: string[]
  wake: () => void
}

export class Notifier implements Service {
  readonly name = 'agent.notifier'
  readonly #deps: NotifierDeps
  readonly #followers = new Set<Follower>()
  /** Told while nobody could be reached yet; undefined once somebody can. */
  #early: ToldNotification[] | undefined = []
  #isStopped = false

  constructor(deps: NotifierDeps) {
    this.#deps = deps
  }

  async start(): Promise<void> {
    const early = this.#early ?? []
    this.#early = undefined
    for (const told of early) this.tell(told)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    for (const { wake } of this.#followers) wake()
  }

  /** Something happened that a person should know. What becomes of it is decided by the store thread. Never throws. */
  raise<Id extends NotificationId>(id: Id, args: ArgsOf[Id]): void {
    this.#deps
      .keeper()
      .call('notify', id, args)
      .catch((err: unknown) => this.#deps.log.error({ err, notification: id }, 'a notification was not taken'))
  }

  /** For what the store thread says is to be told now. */
  tell(told: ToldNotification): void {
    if (this.#early !== undefined) return void this.#early.push(told)
    const view = toldView(told)
    this.#deps.publish(publicationOf(view))
    if (told.onDesktop) this.#deps.desktop.show({ text: view.message, isUrgent: view.severity === 'alert' })
    for (const follower of this.#followers) {
      follower.lines.push(`${JSON.stringify(view)}\n`)
      if (follower.lines.length > MAX_WAITING_LINES) follower.lines.shift()
      follower.wake()
    }
  }

  /** Lines of JSON from now on. Followed from when this is called. @throws {NotifierError} `TAIL_BUSY` */
  follow(): (write: (line: string) => Promise<void>, signal: AbortSignal) => Promise<void> {
    if (this.#followers.size >= MAX_FOLLOWERS) {
      throw new NotifierError('TAIL_BUSY', `at most ${MAX_FOLLOWERS} follow at once`)
    }
    const follower: Follower = { lines: [], wake: () => undefined }
    this.#followers.add(follower)
    return async (write, signal) => {
      signal.addEventListener('abort', () => follower.wake(), { once: true })
      try {
        while (!signal.aborted && !this.#isStopped) {
          for (let line = follower.lines.shift(); line !== undefined; line = follower.lines.shift()) await write(line)
          await nextLine(follower, signal, () => this.#isStopped)
        }
      } finally {
        this.#followers.delete(follower)
      }
    }
  }
}

function nextLine(follower: Follower, signal: AbortSignal, isStopped: () => boolean): Promise<void> {
  if (follower.lines.length > 0 || signal.aborted || isStopped()) return Promise.resolve()
  return new Promise((resolve) => {
    follower.wake = resolve
  })
}

function publicationOf({ id, category, severity, message, action, firstUnixMs }: NotificationView): AgentPublication {
  const body = { v: MESSAGE_VERSION, id, category, severity, message, action, time_unix_ms: firstUnixMs }
  return { topic: `${TOPIC_PREFIX}${category}`, contentType: 'application/json', body: utf8(JSON.stringify(body)) }
}
