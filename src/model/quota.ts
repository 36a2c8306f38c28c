/** How much a source may keep here at most: a module of a device, or what several of them share. Rules: docs/spec/retention.md. */
import type { DeviceId } from './ids.ts'
import type { StoredLane } from './lane.ts'

/** Which sources; what is undefined is every one. A device or a module is named. */
export interface QuotaScope {
  readonly deviceId?: DeviceId | undefined
  readonly module?: string | undefined
  readonly lane?: StoredLane | undefined
}
export interface Quota extends QuotaScope {
  /** Of sealed bodies, as they lie on the disk. */
  readonly maxBytes: number
}
