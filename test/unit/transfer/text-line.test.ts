import { describe, expect, test } from 'vitest'
import { readLine } from '../../../src/transfer/text-line.ts'

const NOON = 1_795_348_800_000_000_000n // 2026-11-22T12:00:00Z
const NO_TIME = undefined

describe('what a line of a log says of itself', () => {
  test.each([
    { line: '2026-11-22T12:00:00Z started', time: NOON },
    { line: '2026-11-22T12:00:00.123456789Z x', time: NOON + 123_456_789n },
    { line: '2026-11-22T12:00:00.1234567891Z more digits than a clock has', time: NOON + 123_456_789n },
    { line: '2026-11-22 12:00:00,120 as Python writes', time: NOON + 120_000_000n },
    { line: '[2026-11-22 12:00:00] in brackets', time: NOON },
    { line: '2026-11-22T14:00:00+02:00 elsewhere', time: NOON },
    { line: '2026-11-22T04:30:00-0730 elsewhere', time: NOON },
    { line: '2026-11-22 12:00:00 +0000 with a space', time: NOON },
    { line: '2026-11-22T12:00:00 no zone is UTC', time: NOON },
    { line: '2026-02-30T12:00:00Z a day that does not exist', time: NO_TIME },
    { line: '2026-11-22T24:00:00Z an hour that does not exist', time: NO_TIME },
    { line: '2026-11-22T12:00:60Z', time: NO_TIME },
    { line: '2026-11-22T12:00:00+15:00 a zone that does not exist', time: NO_TIME },
    { line: '1969-12-31T12:00:00Z before all times', time: NO_TIME },
    { line: '2026-11-22 a day alone', time: NO_TIME },
    { line: 'at 2026-11-22T12:00:00Z not at the beginning', time: NO_TIME },
    { line: '', time: NO_TIME },
  ])('[IM12] the time of "$line"', ({ line, time }) => {
    expect(readLine(line).timeUnixNano).toBe(time)
  })

  test.each([
    { line: '2026-11-22T12:00:00Z INFO started', severity: 9, text: 'INFO' },
    { line: '2026-11-22T12:00:00Z [error] broken', severity: 17, text: 'error' },
    { line: '2026-11-22 12:00:00,120 - WARNING - python', severity: 13, text: 'WARNING' },
    { line: '2026-11-22T12:00:00Z | FATAL | end', severity: 21, text: 'FATAL' },
    { line: 'ERROR: no time, still an error', severity: 17, text: 'ERROR' },
    { line: '<debug> old style', severity: 5, text: 'debug' },
    { line: 'time=x level=warn msg="logfmt"', severity: 13, text: 'warn' },
    { line: 'level="Error" msg=x', severity: 17, text: 'Error' },
    { line: '2026-11-22T12:00:00Z Error handling is a feature', severity: 0, text: '' },
    { line: 'INFORMATION is no level', severity: 0, text: '' },
    { line: 'sea level=high', severity: 0, text: '' },
    { line: 'the end of INFO', severity: 0, text: '' },
  ])('[IM12] the severity of "$line"', ({ line, severity, text }) => {
    expect(readLine(line)).toMatchObject({ severityNumber: severity, severityText: text })
  })

  test.each([
    {
      name: 'pino',
      line: '{"level":30,"time":1795348800000,"msg":"hi"}',
      facts: { timeUnixNano: NOON, severityNumber: 9, severityText: 'info' },
    },
    { name: 'a level of its own', line: '{"level":35}', facts: { severityNumber: 9 } },
    { name: 'a level above all', line: '{"level":99}', facts: { severityNumber: 21 } },
    { name: 'a level below all', line: '{"level":5}', facts: { severityNumber: 0, severityText: '' } },
    {
      name: 'words instead of numbers',
      line: '{"level":"error","time":"2026-11-22T12:00:00.5Z"}',
      facts: { timeUnixNano: NOON + 500_000_000n, severityNumber: 17 },
    },
    {
      name: 'a trace',
      line: '{"trace_id":"0AF7651916CD43DD8448EB211C80319C","span_id":"b7ad6b7169203331"}',
      facts: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' },
    },
    {
      name: 'ids that are none',
      line: '{"trace_id":"0","span_id":7}',
      facts: { traceId: undefined, spanId: undefined },
    },
    { name: 'times that are none', line: '{"time":-1}', facts: { timeUnixNano: NO_TIME } },
    { name: 'a time beyond all', line: '{"time":1e300}', facts: { timeUnixNano: NO_TIME } },
    { name: 'broken JSON', line: '{"level":30', facts: { timeUnixNano: NO_TIME, severityNumber: 0 } },
    { name: 'an own __proto__', line: '{"__proto__":{"level":30}}', facts: { severityNumber: 0 } },
  ])('[IM12] a line of JSON: $name', ({ line, facts }) => {
    expect(readLine(line)).toMatchObject(facts)
  })
})
