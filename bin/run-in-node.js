// Runs a program in another Node and stays with it: signals go through, and if this process dies, even by SIGKILL,
// the other sees its end of the lifeline (the IPC channel) close and ends too (see src/main.ts and scripts/on-node.js).
import { spawn } from 'node:child_process'
import { delimiter, dirname } from 'node:path'
import { LEAN_MEMORY } from './lean-memory.js'

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Never returns to the caller's flow: exits with the child's code, or by the child's signal. */
export function runInNode(node, args, { lifeline }) {
  const child = spawn(node, args, {
    stdio: lifeline ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit',
    env: {
      ...(lifeline && LEAN_MEMORY),
      ...process.env,
      PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
      ...(lifeline && { AICO_MESH_LIFELINE: '1' }),
    },
  })
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal))
  child.on('error', (err) => {
    process.stderr.write(`cannot start ${node}: ${err.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    for (const name of FORWARDED) process.removeAllListeners(name)
    process.kill(process.pid, signal)
  })
}
