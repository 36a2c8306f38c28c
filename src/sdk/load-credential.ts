/** Finds and checks a module's credential: an object, a file, or the file that $AICO_MESH_MODULE names. */
import { readFileSync, statSync } from 'node:fs'
import { MAX_CREDENTIAL_BYTES, readCredential, type ModuleCredential } from '../wire/bus-credential.ts'
import { SdkError } from './sdk-error.ts'

export const CREDENTIAL_VARIABLE = 'AICO_MESH_MODULE'

export interface LoadedCredential {
  readonly credential: ModuleCredential
  /** The file that it is from. */
  readonly file: string | undefined
}

/** @throws {SdkError} */
export function loadCredential(given: string | ModuleCredential | undefined): LoadedCredential {
  const source = given ?? process.env[CREDENTIAL_VARIABLE]
  if (source === undefined || source === '') {
    throw new SdkError('SDK_CREDENTIAL_MISSING', `no credential: pass one, or set ${CREDENTIAL_VARIABLE} to its file`)
  }
  const read = readCredential(typeof source === 'string' ? readJson(source) : source)
  if ('bad' in read) {
    throw new SdkError('SDK_CREDENTIAL_INVALID', `credential: ${read.bad} is not valid`, {
      details: { field: read.bad },
    })
  }
  return { credential: read.credential, file: typeof source === 'string' ? source : undefined }
}

function readJson(path: string): unknown {
  try {
    const { size } = statSync(path)
    if (size > MAX_CREDENTIAL_BYTES) throw new RangeError(`file of ${size} bytes is over the limit`)
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    // A JSON error quotes the file, and the file holds a key: only its system code may go on.
    const { code } = cause as NodeJS.ErrnoException
    throw new SdkError('SDK_CREDENTIAL_UNREADABLE', `cannot read the credential file (${code ?? 'not valid JSON'})`)
  }
}
