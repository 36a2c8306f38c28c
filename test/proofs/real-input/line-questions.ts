/**
 * Questions after lines of a log file, by what stands in some of them: request ids, words, words behind each other, parts
 * of a text, line numbers; and after all log records by severity and time. What they have to find is noted line by line.
 */
import type { Seeded } from '../../support/seeded.ts'
import type { FileLine } from './log-file.ts'
import { equals, has, quoted, type Question } from './question.ts'
import { RecordSet } from './record-set.ts'

/** What a question looks at: a line of the file, or another log record. */
export interface Looked extends Pick<FileLine, 'number' | 'text' | 'severityNumber' | 'timeUnixNano'> {
  readonly isLine: boolean
}

/** The file as it is called, and the service it was imported as. */
export interface FileNames {
  readonly file: string
  readonly service: string
}

interface LookedWords extends Looked {
  readonly words: readonly string[]
}
interface Test extends Question {
  /** Only records with this word are looked at. */
  readonly word?: string
  holds(looked: LookedWords): boolean
}

const SAMPLES = { requestIds: 100, numbers: 50, words: 40, commonWords: 3, phrases: 20, parts: 2, ranges: 20 } as const
/** A word is common if more than one of so many lines has it. */
const COMMON = 20
const SEVERITIES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
const NUMBERS_PER_SEVERITY = 4
const RANGE_MS = 60_000
const NANOS_PER_MS = 1_000_000n

export class LineQuestions {
  readonly #tests: readonly Test[]
  readonly #byWord: ReadonlyMap<string | undefined, readonly Test[]>

  constructor(samples: readonly FileLine[], names: FileNames, random: Seeded) {
    this.#tests = [...everything(names), ...SEVERITIES.map(severityTest), ...sampleTests(samples, random)]
    this.#byWord = Map.groupBy(this.#tests, ({ word }) => word)
  }

  /** Notes which questions have to find this record; once for each there is. */
  look(looked: Looked): void {
    const words = wordsOf(looked.text)
    for (const word of new Set([undefined, ...words])) {
      for (const test of this.#byWord.get(word) ?? []) {
        if (test.holds({ ...looked, words })) test.wanted.add(looked.number)
      }
    }
  }

  get questions(): readonly Question[] {
    return this.#tests
  }
}

function everything({ file, service }: FileNames): readonly Test[] {
  const ofFile = [equals('log.file.name', file), has('log.file.record_number'), `service=${quoted(service)}`]
  return [
    ...ofFile.map((filter) => ({ filter, wanted: new RecordSet(), holds: ({ isLine }: Looked) => isLine })),
    { filter: SERVICE, wanted: new RecordSet(), holds: () => true },
  ]
}

/** What lines have and other log records too. */
export const SERVICE = has('service.name')

function severityTest(severity: (typeof SEVERITIES)[number], place: number): Test {
  const [low, high] = [place * NUMBERS_PER_SEVERITY + 1, (place + 1) * NUMBERS_PER_SEVERITY]
  const holds = ({ severityNumber: number }: Looked): boolean => number >= low && number <= high
  return { filter: `severity=${severity}`, wanted: new RecordSet(), holds }
}

function sampleTests(samples: readonly FileLine[], random: Seeded): readonly Test[] {
  const some = (count: number): readonly FileLine[] => Array.from({ length: count }, () => random.pick(samples))
  const { common, rare } = wordsByShare(samples)
  const tests = [
    ...some(SAMPLES.requestIds).map(({ text }) => phraseTest(requestIdOf(text))),
    ...some(SAMPLES.numbers).map(numberTest),
    ...Array.from({ length: SAMPLES.words }, () => phraseTest(random.pick(rare))),
    ...Array.from({ length: SAMPLES.commonWords }, () => phraseTest(random.pick(common))),
    ...some(SAMPLES.phrases).map(({ text }) => phraseTest(somePhrase(wordsOf(text), new Set(common), random))),
    ...some(SAMPLES.parts).map(({ text }) => partTest(requestIdOf(text).slice(2, -3))),
    ...some(SAMPLES.ranges).map(rangeTest),
  ]
  return [...new Map(tests.map((test) => [`${test.filter} ${test.sinceUnixMs}`, test])).values()]
}

function requestIdOf(text: string): string {
  return /req-[0-9a-f]{8}-\d+/.exec(text)?.[0] ?? text
}

/** What is in most lines takes long to find to the end: few of that. */
function wordsByShare(samples: readonly FileLine[]) {
  const counts = new Map<string, number>()
  for (const { text } of samples)
    for (const word of new Set(wordsOf(text))) counts.set(word, (counts.get(word) ?? 0) + 1)
  const isCommon = (word: string): boolean => (counts.get(word) ?? 0) * COMMON > samples.length
  const words = [...counts.keys()]
  return { common: words.filter(isCommon), rare: words.filter((word) => !isCommon(word)) }
}

/** Two or three words as they stand behind each other, not all of them common. */
function somePhrase(words: readonly string[], common: ReadonlySet<string>, random: Seeded): string {
  const places = words.flatMap((word, at) => (common.has(word) || at === words.length - 1 ? [] : [at]))
  const at = random.pick(places)
  return words.slice(at, at + 2 + random.below(2)).join(' ')
}

function phraseTest(text: string): Test {
  const wanted = wordsOf(text)
  const holds = ({ words }: LookedWords): boolean =>
    words.some((_, at) => wanted.every((word, i) => words[at + i] === word))
  return { filter: quoted(text), wanted: new RecordSet(), word: wanted[0] as string, holds }
}

function partTest(part: string): Test {
  const holds = ({ text }: Looked): boolean => text.toLowerCase().includes(part.toLowerCase())
  return { filter: `text~${quoted(part)}`, wanted: new RecordSet(), holds }
}

function numberTest({ number }: FileLine): Test {
  const filter = equals('log.file.record_number', BigInt(number))
  return { filter, wanted: new RecordSet(), holds: (looked) => looked.isLine && looked.number === number }
}

function rangeTest({ timeUnixNano }: FileLine): Test {
  const sinceUnixMs = Number(timeUnixNano / NANOS_PER_MS)
  const [since, until] = [BigInt(sinceUnixMs), BigInt(sinceUnixMs + RANGE_MS)].map((ms) => ms * NANOS_PER_MS) as [
    bigint,
    bigint,
  ]
  const holds = ({ timeUnixNano: at }: Looked): boolean => at >= since && at < until
  return { filter: '', sinceUnixMs, untilUnixMs: sinceUnixMs + RANGE_MS, wanted: new RecordSet(), holds }
}

/** docs/spec/index.md IX2. */
function wordsOf(text: string): readonly string[] {
  return (text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []).map((word) => word.slice(0, 64))
}
