import { expect, test } from 'vitest'
import { MAX_REFUSAL_CODES, OTHER_REFUSALS, Refusals } from '../../../src/sdk/refusals.ts'

test('[BU79] codes come from outside: those beyond the bound are counted together', () => {
  const refusals = new Refusals()
  for (let n = 0; n < MAX_REFUSAL_CODES + 3; n++) refusals.add(`CODE_${n}`, 2)
  refusals.add('CODE_0', 1)
  const all = refusals.all
  expect(Object.keys(all)).toHaveLength(MAX_REFUSAL_CODES + 1)
  expect(all).toMatchObject({ CODE_0: 3, [OTHER_REFUSALS]: 6 })
})
