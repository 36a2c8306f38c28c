/**
 * Decides who may connect to which module's endpoint (ZAP, ZeroMQ RFC 27).
 *
 * Bound before any CURVE socket of its context, because libzmq lets every key in while nobody answers ZAP; the sockets
 * also set `zapEnforceDomain`, which refuses instead. The answer depends on (domain, key) alone: whatever a client says
 * of itself, such as its routing id, is never looked at.
 */
import { Router, type Context } from 'zeromq'
import type { Logger } from '../base/logger.ts'
import { toZ85 } from './z85.ts'

const ZAP_ENDPOINT = 'inproc://zeromq.zap.01'
const DOMAIN_PREFIX = 'mod:'
const CURVE_KEY_BYTES = 32
const decoder = new TextDecoder()

export interface ZapRules {
  /** Z85 key that may connect to this module's endpoint, or undefined if there is no such module. */
  clientKeyOf(module: string): string | undefined
  onRefused(module: string): void
}

export function zapDomain(module: string): string {
  return `${DOMAIN_PREFIX}${module}`
}

export class ZapHandler {
  readonly #socket: Router
  readonly #rules: ZapRules
  readonly #log: Logger

  constructor(context: Context, rules: ZapRules, log: Logger) {
    this.#socket = new Router({ context, linger: 0 })
    this.#rules = rules
    this.#log = log
  }

  start(): void {
    this.#socket.bindSync(ZAP_ENDPOINT)
    this.#serve().catch((err: unknown) => this.#log.error({ err }, 'zap handler ended'))
  }

  stop(): void {
    this.#socket.close()
  }

  async #serve(): Promise<void> {
    for await (const [peer, , version, requestId, ...rest] of this.#socket) {
      if (peer === undefined || requestId === undefined) continue
      const module = this.#admit(version, rest)
      const answer = module === undefined ? ['400', 'refused', '', ''] : ['200', 'OK', module, '']
      await this.#socket.send([peer, '', '1.0', requestId, ...answer])
    }
  }

  /** @param rest domain, address, identity, mechanism and credentials. @returns the module, or undefined to refuse. */
  #admit(version: Uint8Array | undefined, rest: readonly Uint8Array[]): string | undefined {
    const [domain, , , mechanism, key] = rest
    const module = text(domain).slice(DOMAIN_PREFIX.length)
    const allowed = this.#rules.clientKeyOf(module)
    const isWellFormed = text(version) === '1.0' && text(mechanism) === 'CURVE' && key?.length === CURVE_KEY_BYTES
    if (isWellFormed && allowed !== undefined && text(domain) === zapDomain(module) && toZ85(key) === allowed) {
      return module
    }
    this.#rules.onRefused(module)
    return undefined
  }
}

function text(bytes: Uint8Array | undefined): string {
  return decoder.decode(bytes ?? new Uint8Array(0))
}
