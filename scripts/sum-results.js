// Adds up what the steps of .ci/run did and prints it; the last line is `N passed, N failed`. Plain JavaScript for
// Node 20: it also has to tell that `npm ci` failed. Usage: sum-results.js STEPS, a file with a line for each step:
// name, seconds, exit code, and the JSON report of Vitest or `-`, separated by tabs.
import { readFileSync, realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * A step without a report counts as one test. A skipped or unfinished test is a failed one: nobody would look for it.
 *
 * @param {{ exitCode: number, report?: object | null }} step `report` as Vitest wrote it, `null` if it did not
 * @returns {{ passed: number, failed: number, problems: string[] }}
 */
export function judgeStep({ exitCode, report }) {
  if (report === undefined) return exitCode === 0 ? PASSED : failure(0, [`ended with ${exitCode}`])
  if (report === null) return failure(0, [`ended with ${exitCode} and wrote no report`])
  const tests = report.testResults.flatMap(({ name, assertionResults, status, message }) =>
    assertionResults.length === 0 && status === 'failed'
      ? [{ status, fullName: `${name}: ${message}` }]
      : assertionResults,
  )
  const problems = tests
    .filter(({ status }) => status !== 'passed')
    .map(({ status, fullName }) => `${status}: ${fullName}`)
  const passed = tests.length - problems.length
  if (problems.length > 0) return failure(passed, problems)
  if (tests.length === 0) return failure(0, ['there was no test'])
  if (exitCode !== 0) return failure(passed, [`all tests passed, but it ended with ${exitCode}`])
  return { passed, failed: 0, problems }
}

const PASSED = { passed: 1, failed: 0, problems: [] }

function failure(passed, problems) {
  return { passed, failed: problems.length, problems }
}

function readSteps(file) {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => {
    const [name, seconds, exitCode, report] = line.split('\t')
    return { name, seconds, exitCode: Number(exitCode), report: report === '-' ? undefined : readReport(report) }
  })
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return null // the step died before it wrote it, which is what it is blamed for
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const steps = readSteps(process.argv[2]).map((step) => ({ ...step, ...judgeStep(step) }))
  const sum = (key) => steps.reduce((total, step) => total + step[key], 0)
  for (const { name, seconds, passed, failed, problems } of steps) {
    console.log(`${name.padEnd(16)} ${seconds.padStart(5)} s ${String(passed).padStart(6)} passed ${failed} failed`)
    for (const problem of problems) console.log(`  ${problem}`)
  }
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
  process.exitCode = sum('failed') > 0 || steps.length === 0 ? 1 : 0
}
