/** A process of its own that pushes, pulls or clones, so that a test can kill it: `node transfer-child.ts push|pull|clone DIR
 *  OPTIONS_JSON [REQUEST before|after]`; what is cloned is `address` in the options. With a request, counted from 0, it kills itself right before that is sent or once it is answered. */

import { clone } from '../../src/repo/clone.ts'
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
else if (verb === 'clone') await clone(options.address, dir!, options)
else await push(dir!, options)
process.stdout.write('done\n')
