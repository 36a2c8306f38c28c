/**
 * A transport for pino's worker thread: `pino({ transport: { target: 'aico-mesh/pino', options: { credential } } })`. That
 * thread does not know the active span: a record belongs to the one that its fields `trace_id` and `span_id` name, as
 * OpenTelemetry's instrumentation of pino writes them.
 */
import { Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { connect, type ConnectOptions } from './index.ts'
import { MAX_LINE_CHARS } from './pino-destination.ts'

/** pino asks for the default export of a transport. @throws {SdkError} what `connect` throws */
export default function transport(options: Omit<ConnectOptions, 'global'> = {}): Writable {
  const mesh = connect({ ...options, global: false })
  const destination = mesh.pinoDestination()
  const decoder = new StringDecoder('utf8')
  let begun = ''
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const lines = (begun + decoder.write(chunk)).split('\n')
      begun = lines.pop() ?? ''
      for (const line of lines) if (line !== '') destination.write(line)
      // A line without an end is none: it would be kept for ever.
      if (begun.length > MAX_LINE_CHARS) begun = ''
      done()
    },
    final(done) {
      mesh.close().then(() => done(), done)
    },
  })
}
