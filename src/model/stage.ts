/** Stages: what the owner opted into, from least to most. */
export const STAGES = ['casual', 'pro', 'developer'] as const
export type Stage = (typeof STAGES)[number]

export function isStage(value: unknown): value is Stage {
  return STAGES.includes(value as Stage)
}

export function isAtLeast(stage: Stage, wanted: Stage): boolean {
  return STAGES.indexOf(stage) >= STAGES.indexOf(wanted)
}

/** OpenTelemetry's ERROR: the least severe log record that casual keeps. */
export const CASUAL_MIN_SEVERITY = 17
