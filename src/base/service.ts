/** Things with a life cycle, started in order and stopped in reverse. */
import type { Logger } from './logger.ts'

/** `start` resolves once it can serve; `stop` is idempotent and ends all timers and sockets. */
export interface Service {
  readonly name: string
  start(): Promise<void>
  stop(): Promise<void>
}

/**
 * Starts services one by one, in the order given, and returns a function that
 * stops them in reverse. If one fails to start, those already started are
 * stopped first and the original error is rethrown.
 */
export async function startAll(services: readonly Service[], log: Logger): Promise<() => Promise<void>> {
  const started: Service[] = []
  const stopAll = async (): Promise<void> => {
    for (let service = started.pop(); service !== undefined; service = started.pop()) {
      try {
        await service.stop()
      } catch (err) {
        log.error({ err, service: service.name }, 'stop failed')
      }
    }
  }
  for (const service of services) {
    try {
      await service.start()
      started.push(service)
    } catch (err) {
      log.error({ err, service: service.name }, 'start failed, rolling back')
      await stopAll()
      throw err
    }
  }
  return stopAll
}
