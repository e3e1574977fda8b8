/** A process of its own that pushes or pulls, so that a test can kill it: `node transfer-child.ts push|pull DIR OPTIONS_JSON`. */

import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'

const [, , verb, dir, options] = process.argv
process.stdout.write('started\n')
if (verb === 'pull') await pull(dir!, JSON.parse(options!))
else await push(dir!, JSON.parse(options!))
process.stdout.write('done\n')
