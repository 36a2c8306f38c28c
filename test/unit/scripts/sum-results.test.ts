/** How CI judges a step: nothing that did not run counts as passed. */
import { expect, test } from 'vitest'
import { judgeStep } from '../../../scripts/sum-results.js'

const file = (...statuses: readonly string[]): object => ({
  name: 'a.test.ts',
  status: statuses.includes('failed') ? 'failed' : 'passed',
  message: '',
  assertionResults: statuses.map((status, n) => ({ status, fullName: `t${n}` })),
})
const report = (...files: readonly object[]): object => ({ testResults: files })

const cases: readonly {
  name: string
  step: { exitCode: number; report?: object | null }
  want: { passed: number; failed: number; problems: readonly string[] }
}[] = [
  { name: 'a step that ends well is one test', step: { exitCode: 0 }, want: { passed: 1, failed: 0, problems: [] } },
  {
    name: 'a step that ends badly is a failed one',
    step: { exitCode: 124 },
    want: { passed: 0, failed: 1, problems: ['ended with 124'] },
  },
  {
    name: 'tests are counted over all files',
    step: { exitCode: 0, report: report(file('passed', 'passed'), file('passed')) },
    want: { passed: 3, failed: 0, problems: [] },
  },
  {
    name: 'a failed test is named',
    step: { exitCode: 1, report: report(file('passed', 'failed')) },
    want: { passed: 1, failed: 1, problems: ['failed: t1'] },
  },
  {
    name: 'a skipped test, one to be written and one that never ended have failed, though Vitest is content',
    step: { exitCode: 0, report: report(file('skipped', 'passed', 'todo', 'pending')) },
    want: { passed: 1, failed: 3, problems: ['skipped: t0', 'todo: t2', 'pending: t3'] },
  },
  {
    name: 'a file that could not be loaded is a failed test',
    step: { exitCode: 1, report: report({ ...file(), status: 'failed', message: 'SyntaxError' }, file('passed')) },
    want: { passed: 1, failed: 1, problems: ['failed: a.test.ts: SyntaxError'] },
  },
  {
    name: 'no tests at all is a failure',
    step: { exitCode: 0, report: report() },
    want: { passed: 0, failed: 1, problems: ['there was no test'] },
  },
  {
    name: 'a bad end after good tests, such as an unhandled error, is a failure',
    step: { exitCode: 1, report: report(file('passed')) },
    want: { passed: 1, failed: 1, problems: ['all tests passed, but it ended with 1'] },
  },
  {
    name: 'a step that wrote no report is a failure, whatever it says',
    step: { exitCode: 0, report: null },
    want: { passed: 0, failed: 1, problems: ['ended with 0 and wrote no report'] },
  },
]

test.each(cases)('$name', ({ step, want }) => {
  expect(judgeStep(step)).toEqual(want)
})
