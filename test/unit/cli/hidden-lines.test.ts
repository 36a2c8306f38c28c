import { PassThrough } from 'node:stream'
import type { ReadStream } from 'node:tty'
import { expect, test } from 'vitest'
import { askHidden } from '../../../src/cli/hidden-lines.ts'

/** A terminal whose keys come in these chunks, and all that was printed meanwhile. */
function typing(...chunks: readonly string[]) {
  const modes: boolean[] = []
  const keys = new PassThrough()
  const terminal = Object.assign(keys, { setRawMode: (isRaw: boolean) => modes.push(isRaw) }) as unknown as ReadStream
  for (const chunk of chunks) keys.write(chunk)
  let printed = ''
  const screen = { write: (text: string) => (printed += text) !== '' }
  return { terminal, screen, modes, printed: () => printed }
}
const TWO = ['New: ', 'Again: ']

test.each<[string, readonly string[], readonly string[]]>([
  ['one after the other', ['one\r', 'two\r'], ['one', 'two']],
  ['both pasted at once', ['one\rtwo\r'], ['one', 'two']],
  ['both pasted from a file with line breaks of another system', ['one\r\ntwo\r\n'], ['one', 'two']],
  ['line breaks as they are', ['one\ntwo\n'], ['one', 'two']],
  ['more than was asked for', ['one\rtwo\rthree\r'], ['one', 'two']],
  ['letters taken back, also beyond the first', ['x\u007f\u007fon😀\u007fe\r', 'twoo\b\r'], ['one', 'two']],
  ['nothing', ['\r\r'], ['', '']],
])('[CL11] %s', async (_, chunks, want) => {
  const { terminal, screen, modes, printed } = typing(...chunks)
  expect(await askHidden(terminal, screen, TWO)).toEqual(want)
  expect([modes, printed()]).toEqual([[true, false], 'New: \nAgain: \n'])
})

test('[CL11] nothing is asked while the terminal still shows what is typed', async () => {
  const { terminal, modes } = typing('one\r')
  const modesAtQuestion: boolean[][] = []
  await askHidden(terminal, { write: () => modesAtQuestion.push([...modes]) > 0 }, ['New: '])
  expect(modesAtQuestion[0]).toEqual([true])
})

test.each([
  ['Ctrl-C', ['on\u0003']],
  ['Ctrl-C at the second question', ['one\rtw\u0003']],
  ['Ctrl-D on an empty line', ['\u0004']],
])('[CL7] %s interrupts, and the terminal is as it was', async (_, chunks) => {
  const { terminal, screen, modes } = typing(...chunks)
  await expect(askHidden(terminal, screen, TWO)).rejects.toMatchObject({ code: 'CLI_INTERRUPTED' })
  expect(modes).toEqual([true, false])
})

test('[CL7] a terminal that is gone interrupts', async () => {
  const { terminal, screen } = typing('on')
  const asked = askHidden(terminal, screen, TWO)
  ;(terminal as unknown as PassThrough).end()
  await expect(asked).rejects.toMatchObject({ code: 'CLI_INTERRUPTED' })
})
