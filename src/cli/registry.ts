/** The commands by name, in the order of `--help`. Each is loaded only when it is typed. */

import type { CommandSpec } from './command.ts'

export interface RegistryEntry {
  /** First line of its help: imperative, no full stop. */
  summary: string
  load(): Promise<CommandSpec>
  hidden?: boolean
}

export const REGISTRY: Readonly<Record<string, RegistryEntry>> = {
}

export const EXIT_HELP = `
Revisions are written as in git (main, HEAD~2, v1, origin/main, an id of 8 or more digits); a path at a revision is REV:PATH.
A repository is NETWORK:OBJECT_ID, optionally with @REVISION.

Exit status: 0 done, 1 other failure, 2 usage, 3 partial, 10 not a repository, 11 locked, 12 key or funds,
13 integrity, 14 network, 70 internal, 130 cancelled. An unknown status means failure.`
