/** Mistakes that could be made, one by one, in the code that runs in the simulator. Each must be noticed (SI12). */

export interface Mutation {
  readonly name: string
  /** Below src. */
  readonly file: string
  /** Stands there once. */
  readonly from: string
  readonly to: string
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'every segment may be shared with every member',
    file: 'policy/decide-share.ts',
    from: "return grantIds.length > 0 ? { effect: 'allow'",
    to: "return nearest !== undefined ? { effect: 'allow'",
  },
  {
    name: 'a revoked grant still stands',
    file: 'policy/grant-state.ts',
    from: "if (revokedBy !== undefined) return 'revoked'",
    to: '',
  },
  {
    name: 'a revocation makes no new key',
    file: 'sync/consent-service.ts',
    from: 'for (const epoch of next) epochs.commit(epoch)',
    to: '',
  },
  {
    name: 'the keys of a grant open epochs before its beginning',
    file: 'policy/decide-share.ts',
    from: 'return startedUnixMs >= sinceUnixMs && ',
    to: 'return ',
  },
  {
    name: 'a grant for one module hands over the key of the lane',
    file: 'policy/opened-scopes.ts',
    from: "return modules === undefined ? { kind: 'lane' }",
    to: "return modules !== null ? { kind: 'lane' }",
  },
  {
    name: 'an epoch reaches across the beginning of a grant',
    file: 'policy/epoch-plan.ts',
    from: "if (startedUnixMs < boundary && boundary <= time) return 'BOUNDARY'",
    to: '',
  },
  {
    name: 'records are sent as they are',
    file: 'sync/core/seal-segment.ts',
    from: 'const sealed = crypto.aeadSeal(segmentKey(crypto, partKey, plan), ONE_TIME_NONCE, aad, plaintext)',
    to: 'const sealed = new Uint8Array([...plaintext, ...new Uint8Array(16)])',
  },
  {
    name: 'a run is kept though its segments do not follow each other',
    file: 'sync/receiving.ts',
    from: 'if (!verdict.ok)',
    to: 'if (verdict.ok === undefined)',
  },
  {
    name: 'a run that is here already is kept again',
    file: 'sync/receiving.ts',
    from: 'opened.filter((segment) => !this.#isHeld(log, segment)),',
    to: 'opened,',
  },
  {
    name: 'the newest segment of every offer is forgotten',
    file: 'sync/core/plan-wants.ts',
    from: 'const lacking = subtractRuns(toRuns(rows), toRuns(held(log)))',
    to: 'const lacking = subtractRuns(toRuns(rows.map((row) => ({ ...row, to: row.to - 1 }))), toRuns(held(log)))',
  },
  {
    name: 'names of new logs are not handed over',
    file: 'sync/plan-handover.ts',
    from: 'if (newNames.length === 0 && newLogs.length === 0) return NOTHING_TO_HAND',
    to: 'if (newNames.length === 0) return NOTHING_TO_HAND',
  },
  {
    name: 'a record is acknowledged before it is in the journal',
    file: 'store/segment-writer.ts',
    from: 'for (const open of after.values()) after.set(open.log.rowId, this.#journal(open))',
    to: '',
  },
  {
    name: 'what a power cut left in the journal is cut twice',
    file: 'store/segment-writer.ts',
    from: 'if (journalId !== undefined) this.#deps.journal.delete(journalId)',
    to: '',
  },
  {
    name: 'a segment is chained to nothing after a start',
    file: 'store/segment-cutter.ts',
    from: 'if (!tops.has(rowId)) tops.set(rowId, this.#deps.segments.last(rowId))',
    to: 'if (!tops.has(rowId)) tops.set(rowId, undefined)',
  },
  {
    name: 'membership operations of others are not passed on',
    file: 'sync/membership-service.ts',
    from: '.filter(({ op }) => !known.has(op.opId))',
    to: '.filter(({ op }) => !known.has(op.opId) && op.author === this.#deps.card.deviceId)',
  },
  {
    name: 'control entries are taken out of order',
    file: 'sync/seal-entries.ts',
    from: "if (entry.seq > next) throw new ControlLogError('CONTROL_GAP', 'entries before this one are missing', { details })",
    to: '',
  },
]
