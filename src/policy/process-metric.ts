/**
 * Which metrics of a module tell how its process fares, by the names that OpenTelemetry's semantic conventions give to a
 * process and to the runtime in it: they are kept and shown from pro on (docs/spec/stages.md STG2). Pure, never throws.
 */

const NAMESPACES: ReadonlySet<string> = new Set(['process', 'nodejs', 'v8js', 'cpython', 'jvm', 'dotnet', 'go'])

export function isProcessMetric(name: string): boolean {
  const end = name.indexOf('.')
  return end > 0 && NAMESPACES.has(name.slice(0, end))
}
