/** The headings of `floe --help`: what a person wants to do, with the verbs for it. */

export const HELP_GROUPS: readonly { heading: string; verbs: readonly string[] }[] = [
  { heading: 'Start:', verbs: ['init', 'clone', 'demo'] },
  { heading: 'Work on files:', verbs: ['add', 'status', 'commit', 'restore', 'rm', 'mv', 'stash', 'attributes'] },
  { heading: 'Look:', verbs: ['log', 'show', 'ls', 'cat', 'diff', 'grep', 'du', 'reflog'] },
  {
    heading: 'Branch and join:',
    verbs: ['branch', 'tag', 'switch', 'merge', 'rebase', 'cherry-pick', 'revert', 'reset'],
  },
  {
    heading: 'Share:',
    verbs: ['push', 'fetch', 'pull', 'get', 'drop', 'remote', 'access', 'bundle', 'import', 'mirror'],
  },
  {
    heading: 'Trust and keep:',
    verbs: ['verify', 'expiry', 'renew', 'revive', 'fund', 'mark', 'takedown', 'purge', 'derive'],
  },
  { heading: 'Look after a workspace:', verbs: ['doctor', 'fsck', 'gc', 'evict', 'cache', 'config', 'completion'] },
  {
    heading: 'Keys and networks:',
    verbs: ['key', 'wallet', 'faucet', 'network', 'localnet', 'deploy', 'package', 'bench', 'blob-id'],
  },
]

/** Verbs that stand under no heading come last, under this one. */
export const OTHER_HEADING = 'More:'

export function headingOf(verb: string): string {
  return HELP_GROUPS.find(({ verbs }) => verbs.includes(verb))?.heading ?? OTHER_HEADING
}
