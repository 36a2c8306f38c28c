/** Records of the simulator: each says its number in its text, so that whoever can read it can be told which it is. */
import { encodeLogsData, encodeTracesData } from '../../src/wire/otlp/encode.ts'
import { spanIdOf, T0_NANO, traceIdOf } from '../support/otlp-records.ts'
import { CANARY } from './sim-world.ts'
import type { SimRecord } from './oracle.ts'

const SCOPE = { name: 'sim' }
const NUMBER = new RegExp(`${CANARY}(\\d+);`, 'g')

/** OTLP protobuf of one record. */
export function encodeRecord({ lane, number }: Pick<SimRecord, 'lane' | 'number'>): Uint8Array {
  const text = `${CANARY}${number};`
  if (lane === 'logs') {
    const logRecords = [{ timeUnixNano: T0_NANO, severityNumber: 9, body: text }]
    return encodeLogsData({ resource: { attributes: {} }, scope: SCOPE, logRecords })
  }
  const ids = { traceId: traceIdOf(1), spanId: spanIdOf(number + 1) }
  const spans = [{ ...ids, name: text, kind: 1, startUnixNano: T0_NANO, endUnixNano: T0_NANO + 1n }]
  return encodeTracesData({ resource: { attributes: {} }, scope: SCOPE, spans })
}

/** Numbers of the records in a payload, in order. */
export function numbersIn(payload: Uint8Array): readonly number[] {
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('latin1')
  return [...text.matchAll(NUMBER)].map(([, number]) => Number(number))
}
