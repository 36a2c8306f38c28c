// An agent runs for weeks, and glibc keeps what a busy hour took. With these settings it gives back what is freed: half the
// memory a minute after full load. glibc reads them when a process begins, so the process begins once more in its place.
// Plain JavaScript, because it runs before anything else. Elsewhere than on Linux nothing happens.

/** Few arenas; what is large is mapped by itself and unmapped when it is freed (https://man7.org/linux/man-pages/man3/mallopt.3.html). */
export const LEAN_MEMORY = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '32768',
  MALLOC_TRIM_THRESHOLD_: '65536',
}

/** Does not return if the process began anew. Who has set one of these, or holds a channel to this process, is left alone. */
export function beginLean() {
  const isSet = Object.keys(LEAN_MEMORY).some((name) => name in process.env)
  if (isSet || process.platform !== 'linux' || process.env.NODE_CHANNEL_FD !== undefined) return
  // Node 22.15 and newer
  process.execve?.(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
    ...process.env,
    ...LEAN_MEMORY,
  })
}
