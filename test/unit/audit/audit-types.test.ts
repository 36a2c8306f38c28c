import { expect, test } from 'vitest'
import {
  AUDIT_TYPES,
  isAuditType,
  OUTCOMES,
  RETENTION_DAYS,
  retentionOf,
  SEVERITIES,
  severityOf,
} from '../../../src/audit/audit-types.ts'

test('[AU8] every type has a severity and a retention class of the lists', () => {
  for (const type of AUDIT_TYPES) {
    expect(Object.keys(RETENTION_DAYS)).toContain(retentionOf(type))
    for (const outcome of OUTCOMES) expect(SEVERITIES).toContain(severityOf(type, outcome))
  }
})

test('[AU8] what failed or was denied is at least a warning', () => {
  expect(severityOf('agent.started', 'success')).toBe('info')
  expect(severityOf('agent.started', 'failure')).toBe('warn')
  expect(severityOf('consent.granted', 'denied')).toBe('warn')
  expect(severityOf('module.refused', 'success')).toBe('warn')
})

test('[AU8] consent is kept longest', () => {
  const days = AUDIT_TYPES.filter((type) => type.startsWith('consent.')).map(
    (type) => RETENTION_DAYS[retentionOf(type)],
  )
  expect(days).toEqual(days.map(() => Math.max(...Object.values(RETENTION_DAYS))))
  expect(days).toHaveLength(4)
})

test('[AU8] the names of object members are not types', () => {
  expect(isAuditType('consent.granted')).toBe(true)
  expect(isAuditType('toString')).toBe(false)
  expect(isAuditType('consent.unheard')).toBe(false)
})
