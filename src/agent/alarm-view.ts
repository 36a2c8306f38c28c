/** What an alarm means, in words for the person who has to decide. */
import type { AlarmView } from './http-types/device.ts'
import type { RollbackCode } from './keeper/rollback-evidence.ts'
import type { Alarm } from './keeper/vouching.ts'

const WORDS: Readonly<Record<RollbackCode, string>> = {
  STORE_ROLLED_BACK:
    'store.db is older than audit.db has seen it: it was put back, or what was written last was taken away. ' +
    'Records may be lost. Grants, removals and stages that had ended were ended again.',
  STORE_LOG_MISSING:
    'The last run did not end in order, and the file store.db-wal that it wrote is gone. Records may be lost.',
  STORE_LOG_DAMAGED:
    'A byte of the file store.db-wal was altered, by a failing disk or by somebody: what came after it is lost. ' +
    'That is at most what was recorded last before the agent was stopped.',
  AUDIT_SET_ASIDE:
    'audit.db was damaged and is kept beside a new audit log, which cannot say what was in it, nor whether store.db is older: ' +
    'see first which grants stand (aico-mesh consent list).',
  AUDIT_ROLLED_BACK: 'audit.db is not the one that store.db has seen: it was put back or cut. Audit entries are lost.',
}

export function toAlarmView({ code, atUnixMs }: Alarm): AlarmView {
  return { code, at: new Date(atUnixMs).toISOString(), message: WORDS[code] }
}
