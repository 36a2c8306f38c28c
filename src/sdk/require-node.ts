/** Says at once what would else be a riddle later: on an old Node calls that the SDK needs do not exist. */
import { SdkError } from './sdk-error.ts'

/** As `engines` in package.json says: major and minor. */
const OLDEST = [22, 18] as const

/** @throws {SdkError} `SDK_NODE_TOO_OLD` */
export function requireNode(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return
  throw new SdkError('SDK_NODE_TOO_OLD', `aico-mesh needs Node ${OLDEST.join('.')} or newer; this is ${version}`)
}
