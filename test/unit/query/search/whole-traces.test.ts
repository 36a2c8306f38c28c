import { expect, test } from 'vitest'
import type { TraceId } from '../../../../src/model/ids.ts'
import { readSearchQuery } from '../../../../src/query/search/search-query.ts'
import { withWholeTraces } from '../../../../src/query/search/whole-traces.ts'
import { traceIdOf } from '../../../support/otlp-records.ts'

const whole = traceIdOf(0xabc)
const rows: readonly { name: string; filter: string; here: readonly TraceId[]; want: string }[] = [
  { name: 'the start of one trace becomes its id', filter: 'trace=0000', here: [whole], want: whole },
  { name: 'that of several stays a start', filter: 'trace=0000', here: [whole, traceIdOf(2)], want: '0000' },
  { name: 'that of none stays a start', filter: 'trace=0000', here: [], want: '0000' },
  { name: 'a start that must not be stays one', filter: 'trace!=0000', here: [whole], want: '0000' },
  { name: 'a whole id stays as it is', filter: `trace=${traceIdOf(5)}`, here: [whole], want: traceIdOf(5) },
  { name: 'any trace stays any', filter: 'trace=*', here: [whole], want: '' },
]

test.each(rows)('[SQ2] $name', ({ filter, here, want }) => {
  const query = withWholeTraces(readSearchQuery({ filter }, 'logs', 0), { idsFrom: (_, limit) => here.slice(0, limit) })
  expect(query.conditions).toMatchObject([{ test: { on: 'trace', digits: want } }])
})
