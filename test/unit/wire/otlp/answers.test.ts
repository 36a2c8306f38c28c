import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../../../src/base/bytes.ts'
import { encodeExportResponse } from '../../../../src/wire/otlp/export-response.ts'
import { MAX_REJECTED_REASONS, RejectedTally } from '../../../../src/wire/otlp/rejected-tally.ts'
import { encodeRpcStatus, RPC_CODE } from '../../../../src/wire/otlp/rpc-status.ts'
import { field, varint } from './raw.ts'

const text = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes))

describe('answers', () => {
  const reason = { code: 'OTLP_BAD_ID', message: 'trace_id must be 16 bytes', count: 300 }
  const rejected = { ...reason, reasons: [reason] }
  const errorMessage = 'OTLP_BAD_ID: trace_id must be 16 bytes'

  test.each(['traces', 'logs', 'metrics'] as const)(
    '[OT12] full success of %s leaves partial success unset',
    (signal) => {
      expect(encodeExportResponse(signal, undefined, 'protobuf')).toEqual(new Uint8Array())
      expect(text(encodeExportResponse(signal, undefined, 'json'))).toEqual({})
    },
  )

  test.each([
    { signal: 'traces', name: 'rejectedSpans' },
    { signal: 'logs', name: 'rejectedLogRecords' },
    { signal: 'metrics', name: 'rejectedDataPoints' },
  ] as const)('[OT12] partial success of $signal counts $name and says why', ({ signal, name }) => {
    expect(encodeExportResponse(signal, rejected, 'protobuf')).toEqual(field(1, varint(1, 300), field(2, errorMessage)))
    expect(text(encodeExportResponse(signal, rejected, 'json'))).toEqual({
      partialSuccess: { [name]: '300', errorMessage },
    })
  })

  test('[OT12] partial success tells each distinct reason with its count, up to a limit', () => {
    const tally = new RejectedTally()
    for (const id of [1, 2, 3]) tally.add({ code: 'OTLP_BAD_ID', message: 'no id' }, id)
    tally.add({ code: 'OTLP_BAD_TIME', message: 'too late' }, 1)
    const told = (): unknown => text(encodeExportResponse('traces', tally.result(), 'json'))
    expect(told()).toEqual({
      partialSuccess: { rejectedSpans: '7', errorMessage: '6 x OTLP_BAD_ID: no id; 1 x OTLP_BAD_TIME: too late' },
    })
    for (let i = 0; i < MAX_REJECTED_REASONS; i++) tally.add({ code: 'OTLP_JSON', message: `field ${i}` }, 1)
    expect(tally.result()?.reasons).toHaveLength(MAX_REJECTED_REASONS)
    expect(told()).toMatchObject({
      partialSuccess: { rejectedSpans: '15', errorMessage: expect.stringMatching(/; 2 x other reasons$/) },
    })
  })

  test('[OT12] a failure is a google.rpc.Status in either encoding', () => {
    const status = { code: RPC_CODE.RESOURCE_EXHAUSTED, message: 'too large' }
    expect(encodeRpcStatus(status, 'protobuf')).toEqual(concat(varint(1, 8), field(2, 'too large')))
    expect(encodeRpcStatus(status, 'json')).toEqual(utf8('{"code":8,"message":"too large"}'))
  })
})
