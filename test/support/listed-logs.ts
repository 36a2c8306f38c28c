/** What `logs --json` lists: its lines of OTLP/JSON, read as plainly as tests compare them. */
import type { AgentProgram } from './agent-program.ts'

export interface ListedLog {
  readonly body: string
  readonly severityNumber: number
  readonly traceId: string | undefined
  readonly module: string
}

interface OtlpLine {
  readonly resourceLogs?: readonly [
    {
      readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] }
      readonly scopeLogs: readonly [{ readonly logRecords: readonly [OtlpLogRecord] }]
    },
  ]
}
interface OtlpLogRecord {
  readonly body?: { readonly stringValue?: string }
  readonly severityNumber?: number
  readonly traceId?: string
}

export async function listedLogs(agent: AgentProgram, ...argv: readonly string[]): Promise<readonly ListedLog[]> {
  const { stdout } = await agent.run('logs', '--json', ...argv)
  const lines = stdout.trimEnd().split('\n')
  return lines.flatMap((line) => ((JSON.parse(line) as OtlpLine).resourceLogs ?? []).map(listedLog))
}

function listedLog({ resource, scopeLogs }: NonNullable<OtlpLine['resourceLogs']>[0]): ListedLog {
  const [{ body, severityNumber = 0, traceId }] = scopeLogs[0].logRecords
  const module = resource.attributes.find(({ key }) => key === 'aico.module')?.value.stringValue ?? ''
  return { body: body?.stringValue ?? '', severityNumber, traceId, module }
}
