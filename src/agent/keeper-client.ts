/** Opens the store in its thread and talks to it: calls, and the latest view of membership, consent and stage. */
import type { Worker } from 'node:worker_threads'
import { MeshError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Stage } from '../model/stage.ts'
import type { KeeperApi } from './keeper/keeper-api.ts'
import type { ToldNotification } from './keeper/notices.ts'
import type { ControlView, KeeperOptions } from './keeper/keeper.ts'
import { beginKeeperThread } from './keeper-thread.ts'
import { WorkerClient } from './worker-port.ts'

export interface KeeperListeners {
  /** The stage it was left at, as soon as that is known, which is before `start` resolves. */
  readonly onStage?: (stage: Stage) => void
  readonly onView: (view: ControlView) => void
  readonly onRecords: () => void
  /** Something is to be told to the person now. */
  readonly onTold?: (told: ToldNotification) => void
  /** The thread has ended without being asked to: the agent cannot go on. */
  readonly onGone: () => void
}

export type KeeperClientErrorCode = 'STORE_THREAD_FAILED'

export class KeeperClientError extends MeshError<KeeperClientErrorCode> {}

export class KeeperClient {
  readonly call: WorkerClient<KeeperApi>['call']
  readonly callUntil: WorkerClient<KeeperApi>['callUntil']
  readonly callMoving: WorkerClient<KeeperApi>['callMoving']
  readonly #worker: Worker
  #view: ControlView
  #isClosing = false

  private constructor(worker: Worker, client: WorkerClient<KeeperApi>, view: ControlView) {
    this.#worker = worker
    this.call = client.call.bind(client)
    this.callUntil = client.callUntil.bind(client)
    this.callMoving = client.callMoving.bind(client)
    this.#view = view
  }

  /** Resolves once both databases are open. @throws {MeshError} with the store's own code when they are not */
  static start(
    options: KeeperOptions,
    log: Logger,
    listeners: KeeperListeners,
    worker: Worker = beginKeeperThread(),
  ): Promise<KeeperClient> {
    worker.ref()
    worker.postMessage(options)
    return new Promise((resolve, reject) => {
      let keeper: KeeperClient | undefined
      const onEvent = (event: string, value: unknown): void => {
        switch (event) {
          case 'ready':
            keeper = new KeeperClient(worker, client, value as ControlView)
            return resolve(keeper)
          case 'stage':
            return listeners.onStage?.(value as Stage)
          case 'view':
            if (keeper) keeper.#view = value as ControlView
            return listeners.onView(value as ControlView)
          case 'records':
            return listeners.onRecords()
          case 'told':
            return listeners.onTold?.(value as ToldNotification)
          case 'failed': {
            const { code, message } = value as { code: string; message: string }
            return reject(new MeshError(code, message))
          }
          default:
            log.error({ event, value }, 'the store thread reports a failure')
        }
      }
      const client: WorkerClient<KeeperApi> = new WorkerClient<KeeperApi>(worker, onEvent, (cause) => {
        reject(new KeeperClientError('STORE_THREAD_FAILED', 'the store thread did not start', { cause }))
        if (keeper && !keeper.#isClosing) listeners.onGone()
      })
    })
  }

  view(): ControlView {
    return this.#view
  }

  async close(): Promise<void> {
    this.#isClosing = true
    await this.call('close')
    await this.#worker.terminate()
  }
}
