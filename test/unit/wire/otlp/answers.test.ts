import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../../../src/base/bytes.ts'
import { encodeExportResponse } from '../../../../src/wire/otlp/export-response.ts'
import { encodeRpcStatus, RPC_CODE } from '../../../../src/wire/otlp/rpc-status.ts'
import { field, varint } from './raw.ts'

const text = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes))

describe('answers', () => {
  const rejected = { count: 300, code: 'OTLP_BAD_ID', message: 'trace_id must be 16 bytes' }
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

  test('[OT12] a failure is a google.rpc.Status in either encoding', () => {
    const status = { code: RPC_CODE.RESOURCE_EXHAUSTED, message: 'too large' }
    expect(encodeRpcStatus(status, 'protobuf')).toEqual(concat(varint(1, 8), field(2, 'too large')))
    expect(encodeRpcStatus(status, 'json')).toEqual(utf8('{"code":8,"message":"too large"}'))
  })
})
