/** A process of its own that pushes or pulls, so that a test can kill it: `node transfer-child.ts push|pull DIR OPTIONS_JSON
 *  [REQUEST before|after]`. With a request, counted from 0, it kills itself right before that is sent or once it is answered. */

import { pull } from '../../src/repo/pull.ts'
import { push } from '../../src/repo/push.ts'

const [, , verb, dir, json, request, when] = process.argv
const options = JSON.parse(json!)
if (request !== undefined) {
  let requests = 0
  const killing: typeof fetch = async (input, init) => {
    const isLast = requests++ === Number(request)
    if (isLast && when === 'before') process.kill(process.pid, 'SIGKILL')
    const answer = await fetch(input, init)
    if (isLast) process.kill(process.pid, 'SIGKILL')
    return answer
  }
  options.fetch = killing
}
process.stdout.write('started\n')
if (verb === 'pull') await pull(dir!, options)
else await push(dir!, options)
process.stdout.write('done\n')
