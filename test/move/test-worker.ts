/** Runs the Move unit tests of packages off the main thread: the compiler's VM knows no instruction limit. One package for
 *  each message, so that the compiler is loaded once. */

import { parentPort } from 'node:worker_threads'
import { testPackage } from '../../src/move/compiler.ts'
import type { PackageName } from '../../src/move/packages.ts'

parentPort?.on('message', ({ name, extra }: { name: PackageName; extra: Record<string, string> }) => {
  void testPackage(name, extra).then((result) => parentPort?.postMessage(result))
})
