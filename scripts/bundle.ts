/**
 * Puts the sources of each program together into few files, for Node takes long to find and link many. Packages stay
 * packages, and names stay as they are: a stack trace can be read, and a comment says which source a part is from.
 */
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { rolldown } from 'rolldown'

const SOURCES = join(import.meta.dirname, '..', 'src')

/** What a process or a thread begins with, and what modules import. They share no file: each loads what it needs and no more. */
const PROGRAMS = ['main', 'agent/keeper/worker', 'devtools/main', 'sdk/index', 'sdk/pino']

/** Writes all programs into the folder `dist`, which takes the place of `src`. @throws if two would write the same file */
export async function bundleAll(dist: string): Promise<void> {
  const written = new Set<string>()
  for (const program of PROGRAMS) {
    for (const file of await bundle(program, dist)) {
      if (written.has(file))
        throw new Error(`two programs have ${file}: move what names files by URL out of one of them`)
      written.add(file)
    }
  }
}

/** A program is a file in the place of its source, and what it loads later is in a folder beside that. @returns its files */
async function bundle(program: string, dist: string): Promise<readonly string[]> {
  const sources = await rolldown({
    input: { [program]: join(SOURCES, `${program}.ts`) },
    platform: 'node',
    external: (id, importer, isResolved) => importer !== undefined && !isResolved && !id.startsWith('.'),
  })
  const { output } = await sources.write({
    dir: dist,
    entryFileNames: '[name].js',
    // An error is named by its class.
    keepNames: true,
    chunkFileNames: ({ name }) => (name.includes('/') ? '[name].js' : `${program}-parts/[name].js`),
    codeSplitting: { groups: [{ test: namesFiles, name: placeOf, debugName: 'modules that name files by URL' }] },
  })
  await sources.close()
  return output.map(({ fileName }) => fileName)
}

/** Such a module keeps its place, or its URLs would lead elsewhere. */
function namesFiles(module: string): boolean {
  return readFileSync(module, 'utf8').includes('import.meta.url')
}

function placeOf(module: string): string {
  return relative(SOURCES, module).replace(/\.ts$/, '')
}
