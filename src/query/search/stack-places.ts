/** The places that a stack names, as its runtime writes them, the innermost first. Time is linear in the text. */

/** Longest line that is looked at. */
const MAX_LINE_CHARS = 1024
const PYTHON = 'Traceback (most recent call last)'
const PYTHON_GROUP = 'Exception Group Traceback'
/** Behind it come the tracebacks of the errors in a group, in any order. */
const PYTHON_MEMBERS = /^ *\+-\+-/m
/** Of a group, its lines begin with a bar. */
const BAR = /^[|+ ]+/
const PYTHON_LINE = /^File "([^"]+)", line \d+(?:, in (.+))?$/
/** A place of its own up to Python 3.11, and none since. */
const COMPREHENSION = /^<(?:list|dict|set)comp> /

/** V8: functions of the language, of Node, and of what it calls `Promise.all (index 0)`. */
const OF_V8 = /(?:^|\()(?:<anonymous>|native|index \d+|(?:async )?node:[^()]*|internal\/[^()]*)\)?$/
/** The standard library and what is frozen into the interpreter, but no package. */
const OF_PYTHON = /\(<frozen |[\\/]lib[\\/]python\d|[\\/]python[\d.]*[\\/]lib[\\/]/i
const PACKAGES = /(?:site|dist)-packages/

/** Places of the runtime itself differ from version to version: they count only where there are no others. */
export function stackPlaces(stack: string): readonly string[] {
  const places = stack.includes(PYTHON) ? pythonPlaces(stack) : linesOf(stack).flatMap(placeAt)
  const own = places.filter((place) => !isOfRuntime(place))
  return own.length > 0 ? own : places
}

function placeAt(line: string): readonly string[] {
  return line.startsWith('at ') ? [line.slice(3).trim()] : []
}

/** Of several tracebacks the last is that of the error itself, the others led to it; its innermost place stands last. */
function pythonPlaces(stack: string): readonly string[] {
  const members = stack.includes(PYTHON_GROUP) ? stack.search(PYTHON_MEMBERS) : -1
  const text = members === -1 ? stack : stack.slice(0, members)
  const last = text.slice(Math.max(0, text.lastIndexOf(PYTHON)))
  return linesOf(last).flatMap(pythonPlace).toReversed()
}

function pythonPlace(line: string): readonly string[] {
  const [, file, name] = PYTHON_LINE.exec(line.replace(BAR, '')) ?? []
  if (file === undefined) return []
  const place = `${name ?? '<module>'} (${file})`
  return COMPREHENSION.test(place) ? [] : [place]
}

function isOfRuntime(place: string): boolean {
  return OF_V8.test(place) || (OF_PYTHON.test(place) && !PACKAGES.test(place))
}

function linesOf(stack: string): readonly string[] {
  return stack.split('\n').map((line) => line.slice(0, MAX_LINE_CHARS).trim())
}
