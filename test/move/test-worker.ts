/** Runs the Move unit tests of one package off the main thread: the compiler's VM knows no instruction limit. */

import { parentPort, workerData } from 'node:worker_threads'
import { testPackage } from '../../src/move/compiler.ts'
import type { PackageName } from '../../src/move/packages.ts'

const { name, extra } = workerData as { name: PackageName; extra: Record<string, string> }
parentPort?.postMessage(await testPackage(name, extra))
