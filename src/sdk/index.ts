/**
 * aico-mesh/sdk: what a module or plugin uses to report to the agent on its device and to talk to other modules.
 *
 *     import { connect } from 'aico-mesh/sdk'
 *     const mesh = connect() // credential from $AICO_MESH_MODULE, made by `aico-mesh modules add`
 *     mesh.logger.info({ words: 4 }, 'heard something')
 *     mesh.publish('conversation/heard', { text: 'hello' })
 *     // when the module ends: await mesh.close()
 */
import { nodeClock } from '../platform/node-clock.ts'
import { nodeCrypto } from '../platform/node-crypto.ts'
import type { ModuleCredential } from '../wire/bus-credential.ts'
import { setGlobals } from './globals.ts'
import type { OpenLink } from './link.ts'
import { loadCredential } from './load-credential.ts'
import { Module, type ModuleOptions } from './module.ts'
import { spoolFolder } from '../platform/home.ts'
import { FolderSpool } from './spool/folder-spool.ts'
import { SpoolFiles } from './spool/spool-file.ts'
import { requireNode } from './require-node.ts'
import { openZmqLink } from './zmq-link.ts'

export type { Module, ModuleOptions, ModuleStats, FlushOptions } from './module.ts'
export type { ModuleLogger, LogFn, Level, LevelOrSilent, Bindings } from './logger.ts'
export type { MessageHandler, PublishOptions, RequestOptions } from './messaging.ts'
export type { AuditReport, ReportData } from '../wire/bus-report.ts'
export type { HealthCheck, HealthResult } from './health-checks.ts'
export type { ReceivedMessage } from './received-message.ts'
export type { PinoDestination } from './pino-destination.ts'
export type { MutableHeaders, ReadableHeaders } from './propagation.ts'
export type { ModuleCredential } from '../wire/bus-credential.ts'
export type { Stage } from '../model/stage.ts'
export { SdkError, type SdkErrorCode } from './sdk-error.ts'

export interface ConnectOptions extends ModuleOptions {
  /** The credential or its file. Default: the file that $AICO_MESH_MODULE names. */
  readonly credential?: string | ModuleCredential
  /**
   * Whether `trace`, `metrics` and `propagation` of `@opentelemetry/api` report through this module, unless somebody set them
   * up before. Default true: libraries that instrument through that API need nothing else.
   */
  readonly global?: boolean
  /**
   * Whether what waits for an agent that is away goes to disk, encrypted, in a folder beside the credential's file, so that even
   * the end of this process loses nothing but the last second. Default true where the credential is a file.
   */
  readonly spool?: boolean
}

/**
 * Connects in the background, and again whenever the connection is lost; what is recorded meanwhile waits, bounded.
 *
 * @throws {SdkError} `SDK_NODE_TOO_OLD`, `SDK_CREDENTIAL_MISSING`, `SDK_CREDENTIAL_UNREADABLE` or
 *   `SDK_CREDENTIAL_INVALID`; nothing else, and nothing later.
 */
export function connect(options: ConnectOptions = {}): Module {
  requireNode(process.versions.node)
  const { credential, file } = loadCredential(options.credential)
  const spoolFiles = new SpoolFiles(nodeCrypto, credential.secretKey)
  const deps = {
    clock: nodeClock,
    crypto: nodeCrypto,
    spool:
      file === undefined || options.spool === false
        ? undefined
        : new FolderSpool(spoolFolder(file), spoolFiles, nodeClock),
    openLink: (onFrames: Parameters<OpenLink>[0]) => openZmqLink(credential, onFrames),
  }
  const module = new Module(credential.module, deps, options)
  if (options.global !== false) setGlobals(module)
  module.start()
  return module
}
