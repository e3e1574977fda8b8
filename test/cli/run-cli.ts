/** Runs the command line in this process with captured streams: what a user would see, without the cost of a process. */

import { PassThrough } from 'node:stream'
import { main } from '../../src/cli/main.ts'

export interface CliRun {
  exitCode: number
  stdout: string
  stderr: string
}

export async function runCli(
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string> },
): Promise<CliRun> {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const text = { stdout: '', stderr: '' }
  stdout.setEncoding('utf8').on('data', (piece) => {
    text.stdout += piece
  })
  stderr.setEncoding('utf8').on('data', (piece) => {
    text.stderr += piece
  })
  const exitCode = await main(args, {
    streams: { stdout, stderr },
    cwd: options.cwd,
    env: {
      FLOE_HOME: `${options.cwd}/home`,
      FLOE_AUTHOR_NAME: 'Ada',
      FLOE_AUTHOR_EMAIL: 'ada@example.org',
      CI: '1',
      ...options.env,
    },
  })
  // Streams deliver in a later turn.
  await new Promise((resolve) => setImmediate(resolve))
  return { exitCode, ...text }
}
