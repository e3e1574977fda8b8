/** A process that makes the first commit of all there is and then waits to be killed; run by the kill tests. Argument:
 *  workspace. It prints `ready`, then the id of the commit. */

import { commit } from '../../src/repo/commit.ts'
import { openWorkspace } from '../../src/store/workspace.ts'

await using workspace = await openWorkspace(process.argv[2]!)
process.stdout.write('ready\n')
const made = await commit(workspace, { message: 'first', author: { name: 'Ada', email: '' }, add: true })
process.stdout.write(`${made.commit}\n`)
setInterval(() => {}, 60_000)
