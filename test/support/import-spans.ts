/** Records spans on a device whose receivers cannot be reached from here: by its command line, which needs no network. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MAIN, type AgentLab, type TestAgent } from './agents.ts'
import { newSpans, otlpTraces } from './otlp-spans.ts'
import { runSuccessfully } from './run-program.ts'

/** @param aheadMs how far the device's clock is ahead of ours */
export async function importSpans(
  lab: Pick<AgentLab, 'folder'>,
  device: TestAgent,
  traceId: string,
  count: number,
  aheadMs = 0,
): Promise<void> {
  const file = join(lab.folder, `${device.name}.json`)
  writeFileSync(file, otlpTraces('app', newSpans(count, { traceId }), Date.now() + aheadMs))
  await runSuccessfully([process.execPath, MAIN, '--home', device.home, '--json', 'import', file])
  rmSync(file)
}
