/** Everything that can happen. */
import type { Command } from './command.ts'
import { CONSENT_COMMANDS } from './consents.ts'
import { MEMBER_COMMANDS } from './members.ts'
import { NETWORK_COMMANDS } from './network.ts'
import { POWER_COMMANDS } from './power.ts'
import { RECORD_COMMANDS } from './records.ts'
import { TIME_COMMANDS } from './time.ts'

export const COMMANDS: readonly Command[] = [
  ...RECORD_COMMANDS,
  ...CONSENT_COMMANDS,
  ...MEMBER_COMMANDS,
  ...NETWORK_COMMANDS,
  ...POWER_COMMANDS,
  ...TIME_COMMANDS,
]
