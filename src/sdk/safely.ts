/**
 * For calls of the SDK that read what a module hands over: types do not bind a caller in JavaScript, and instrumentation
 * must not be what breaks a module.
 */

/** @param otherwise the answer where something throws: a getter, a proxy that was revoked, nothing where something should be */
export function safely<T>(work: () => T, otherwise: T): T {
  try {
    return work()
  } catch {
    return otherwise
  }
}
