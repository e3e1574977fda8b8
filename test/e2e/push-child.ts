/** A process of its own that pushes, so that a test can kill it: `node push-child.ts DIR OPTIONS_JSON`. */

import { push } from '../../src/repo/push.ts'

const [, , dir, options] = process.argv
process.stdout.write('started\n')
await push(dir!, JSON.parse(options!))
process.stdout.write('pushed\n')
