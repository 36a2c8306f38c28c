/** Reads what the agent's end of a link to the devtools process says. */
import { readAgentHead, type Answer, type AnswerHead } from '../../src/wire/devtools-link.ts'
import { LinkReader } from '../../src/wire/link-reader.ts'

/** Feeds `push` with the stream; what has come so far is in `answers`. */
export function answerReader(): { readonly answers: Answer[]; readonly push: (chunk: Uint8Array) => void } {
  const answers: Answer[] = []
  const reader = new LinkReader<AnswerHead>(readAgentHead, {
    room: ({ length }) => new Uint8Array(length),
    take: ({ request, status, encoding, retryAfterS }, body) =>
      void answers.push({ request, status, encoding, retryAfterS, body: body as Uint8Array }),
  })
  return { answers, push: (chunk) => reader.push(chunk) }
}

export function statusesIn(frames: Uint8Array): readonly (readonly [request: number, status: number])[] {
  const { answers, push } = answerReader()
  push(frames)
  return answers.map(({ request, status }) => [request, status])
}
