/** A module that writes numbered lines while no agent runs. `node spool-talker.ts CREDENTIAL FROM TO killed|closed` */
import { connect } from '../../src/sdk/index.ts'

const [credential = '', from = '', to = '', end] = process.argv.slice(2)
const mesh = connect({ credential, global: false })
for (let n = Number(from); n < Number(to); n++) mesh.logger.info({ n }, 'a line')
mesh.audit('talk.ended', { from: Number(from) })
// One that is to be killed stays until it is.
if (end === 'closed') await mesh.close({ timeoutMs: 50 })
