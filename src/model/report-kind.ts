/** What a module reports itself, beside telemetry: an audit event, or a sentence to the person (docs/spec/bus.md BU71, BU72). */
export const REPORT_KINDS = ['audit', 'notify'] as const
export type ReportKind = (typeof REPORT_KINDS)[number]
