/** What a command may see of the world: argv is parsed, the environment read, once and here. */

import type { Output } from './output.ts'

export interface Context {
  /** Directory the command runs in (`-C` applied). */
  readonly cwd: string
  /** Floe's data directory: keys, network profiles, the local network's state. */
  readonly homeDir: string
  readonly output: Output
  readonly signal: AbortSignal
  /** How many of the command's arguments were typed after `--`; undefined without one. */
  readonly afterDashes: number | undefined
  /** True if a person can be asked: stdin and stderr are terminals and `--json` is off. */
  readonly interactive: boolean
  /** Secret from FLOE_KEY, if set. */
  readonly secretKey: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Asks on the terminal; throws a usage error (exit 2) where nobody can answer. */
  ask(question: string, missing: string): Promise<string>
}
