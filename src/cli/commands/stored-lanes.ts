/** Lanes that the store keeps, as a person names them. */
import type { KeptLaneView } from '../../agent/http-types/device.ts'

export const STORED_LANES = [
  'traces',
  'logs',
  'metrics',
  'documents',
] as const satisfies readonly KeptLaneView['lane'][]
/** For sentences: `traces, logs, metrics or documents`. */
export const STORED_LANES_WORDS = `${STORED_LANES.slice(0, -1).join(', ')} or ${STORED_LANES.at(-1)}`
