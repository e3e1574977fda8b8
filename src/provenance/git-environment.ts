/** How `git` is started here: with nothing of the caller's git setup, so that neither that nor a hostile repository's
 *  configuration can start another program. */

import { devNull } from 'node:os'

/** No configuration but the repository's own, no question, no lock, no other repository. */
export const GIT_SWITCHES = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: devNull,
  GIT_CONFIG_SYSTEM: devNull,
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
}

/** Settings that win over the repository's own. */
export const GIT_SETTINGS: readonly string[] = [
  'core.fsmonitor=false',
  `core.hooksPath=${devNull}`,
  'core.untrackedCache=false',
  'submodule.recurse=false',
]

/** Everything a process needs to run, nothing that could steer git. */
export function gitEnvironment(): Record<string, string> {
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries(process.env))
    if (value !== undefined && !/^(GIT_|SSH_ASKPASS|EDITOR$|VISUAL$|PAGER$|PREFIX$)/i.test(name)) env[name] = value
  return { ...env, ...GIT_SWITCHES, LC_ALL: 'C' }
}
