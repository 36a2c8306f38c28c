/**
 * OTLP as it comes from the devtools process: requests that arrived together are read, admitted and answered together. What is
 * wrong with one of them is that one's answer, and the store's trouble is a pause the sender is asked for.
 */
import { codeOf } from '../../base/errors.ts'
import {
  otlpAnswer,
  otlpBusy,
  otlpFailure,
  readOtlpRequest,
  type OtlpFailure,
  type OtlpRequest,
  type OtlpSuccess,
} from '../../ingest/otlp-request.ts'
import { encodeAnswers, type Answer } from '../../wire/devtools-link.ts'
import { OtlpError } from '../../wire/otlp/otlp-error.ts'
import { addRejected } from '../../wire/otlp/rejected-tally.ts'
import { toStoreError } from '../../store/store-error.ts'
import type { IntakeTurns } from './intake-turns.ts'
import type { Keeper } from './keeper.ts'

/** What a sender is told, with its code: there is nothing wrong with what it sends. */
const FULL = 'STORE_FULL: the disk has no room for records, try again'

export interface Push extends OtlpRequest {
  /** Its number on the link. */
  readonly request: number
}

export function otlpCalls(keeper: Keeper, intake: IntakeTurns) {
  return {
    /** @returns the frames of all answers, each after the commit that it stands for */
    async takePushes(pushes: readonly Push[]): Promise<Uint8Array> {
      return encodeAnswers(await Promise.all(pushes.map((push) => intake.run(() => answer(keeper, push)))))
    },
    /** What the devtools process refused before it came here, by status. */
    otlpRefused(counts: readonly (readonly [number, number])[]): void {
      for (const [status, count] of counts) keeper.refusals.add('otlp', String(status), count)
    },
  }
}

async function answer(keeper: Keeper, push: Push): Promise<Answer> {
  const outcome = await take(keeper, push)
  // The process counts 503 itself, whoever says it.
  if (!outcome.ok && outcome.status !== 503) keeper.refusals.add('otlp', String(outcome.status))
  return { request: push.request, ...otlpAnswer(outcome) }
}

async function take(keeper: Keeper, request: OtlpRequest): Promise<OtlpSuccess | OtlpFailure> {
  const read = readOtlpRequest(request)
  if (!read.ok) return read
  const { encoding, bytes, rejected } = read
  const { signal } = request
  try {
    const admitted = await keeper.intake.take(signal, bytes, { kind: 'otlp' })
    return { ok: true, signal, encoding, rejected: addRejected(rejected, admitted.rejected) }
  } catch (err) {
    if (err instanceof OtlpError) return otlpFailure(err, encoding)
    const code = codeOf(toStoreError(err))
    if (code === 'INTERNAL') keeper.deps.onFailure(err)
    return otlpBusy(encoding, undefined, code === 'STORE_FULL' ? FULL : undefined)
  }
}
