/** What the scan says of a message: its records as columns, and the resources and scopes around them. */
import type { ByteRange } from './container.ts'
import type { Columns, RowList } from './columns.ts'

export interface ScannedScope {
  readonly start: number
  readonly end: number
  readonly rows: RowList
  /** Of its attributes. */
  readonly tokens: Uint32Array
  /** Fields that go with any choice of rows: scope, schema URL, unknown ones. */
  readonly others: readonly ByteRange[]
  readonly othersBytes: number
}

export interface ScannedResource {
  readonly start: number
  readonly end: number
  /** Attribute `service.name`, when it is a string that is not empty. */
  readonly serviceName: string | undefined
  /** Of its attributes. */
  readonly tokens: Uint32Array
  readonly scopes: readonly ScannedScope[]
  readonly others: readonly ByteRange[]
  readonly othersBytes: number
  /** Nothing in its bytes was rejected: they can be copied as they are. */
  readonly isWhole: boolean
}

export interface RejectedReason {
  readonly code: string
  readonly message: string
  readonly count: number
}

export interface RejectedRecords {
  readonly count: number
  /** Of the first reason. */
  readonly code: string
  readonly message: string
  /** In the order they were met, at least one; together less than `count` where there were too many to name. */
  readonly reasons: readonly RejectedReason[]
}

export interface Scan {
  readonly columns: Columns
  readonly resources: readonly ScannedResource[]
  /** Records with a row; for metrics, their data points. */
  readonly accepted: number
  readonly rejected: RejectedRecords | undefined
}
