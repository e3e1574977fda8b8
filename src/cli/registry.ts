/** The commands by name, in the order of `--help`. Each is loaded only when it is typed. */

import type { CommandSpec } from './command.ts'

interface Described {
  /** First line of its help: imperative, no full stop. */
  summary: string
  hidden?: boolean
}

export interface VerbEntry extends Described {
  load(): Promise<CommandSpec>
}

/** A noun with verbs of its own, for example `floe remote add`. */
export interface NounEntry extends Described {
  children: Registry
  /** The verb that is meant where none is typed. */
  fallback?: string
  /** Lines below the list of verbs. */
  help?: string
}

export type Registry = Readonly<{ [name: string]: VerbEntry | NounEntry }>

const verb = (summary: string, load: () => Promise<CommandSpec>): VerbEntry => ({ summary, load })

export const REGISTRY: Registry = {
  init: verb('Create a workspace in a directory', async () => (await import('./commands/init.ts')).init),
  clone: verb('Copy a repository into a new directory', async () => (await import('./commands/clone.ts')).clone),
  add: verb('Stage changed files for the next commit', async () => (await import('./commands/add.ts')).add),
  status: verb('Show what changed and what is staged', async () => (await import('./commands/status.ts')).status),
  commit: verb('Record what is staged as a new version', async () => (await import('./commands/commit.ts')).commit),
  log: verb('List versions, newest first', async () => (await import('./commands/log.ts')).log),
  show: verb('Show a version and what it changed', async () => (await import('./commands/show.ts')).show),
  ls: verb('List the files of a version', async () => (await import('./commands/ls.ts')).ls),
  cat: verb('Write a file of a version to stdout', async () => (await import('./commands/cat.ts')).cat),
  diff: verb('Show which files differ', async () => (await import('./commands/diff.ts')).diff),
  branch: verb('List, create, rename or delete branches', async () => (await import('./commands/branch.ts')).branch),
  tag: verb('List, create or delete tags', async () => (await import('./commands/tag.ts')).tag),
  switch: verb('Change to another branch or version', async () => (await import('./commands/switch.ts')).switchCommand),
  restore: verb('Bring files back to a recorded state', async () => (await import('./commands/restore.ts')).restore),
  rm: verb('Delete files and stage their deletion', async () => (await import('./commands/rm.ts')).rm),
  mv: verb('Rename files and stage it', async () => (await import('./commands/mv.ts')).mv),
  merge: verb('Bring another branch into the current one', async () => (await import('./commands/merge.ts')).merge),
  rebase: verb('Make commits again on another version', async () => (await import('./commands/rebase.ts')).rebase),
  'cherry-pick': verb(
    'Do again what another version changed',
    async () => (await import('./commands/cherry-pick.ts')).cherryPick,
  ),
  revert: verb('Take back what a version changed', async () => (await import('./commands/revert.ts')).revert),
  reset: verb('Move the current branch to a version', async () => (await import('./commands/reset.ts')).reset),
  reflog: verb('Show where HEAD or a branch has been', async () => (await import('./commands/reflog.ts')).reflog),
  stash: {
    summary: 'Put uncommitted changes aside',
    fallback: 'push',
    children: {
      push: verb(
        'Put them aside (also without "push")',
        async () => (await import('./commands/stash/push.ts')).stashPush,
      ),
      pop: verb('Bring them back', async () => (await import('./commands/stash/pop.ts')).stashPop),
      apply: verb('Bring them back and keep them', async () => (await import('./commands/stash/pop.ts')).stashApply),
      show: verb('Show what one changes', async () => (await import('./commands/stash/show.ts')).stashShow),
      list: verb('List what is put aside', async () => (await import('./commands/stash/list.ts')).stashList),
      drop: verb('Forget one', async () => (await import('./commands/stash/drop.ts')).stashDrop),
    },
  },
  push: verb('Upload a branch and move it on chain', async () => (await import('./commands/push.ts')).push),
  fetch: verb(
    'Learn what a remote has, without changing files',
    async () => (await import('./commands/fetch.ts')).fetchCommand,
  ),
  pull: verb('Fetch, and bring the current branch up to date', async () => (await import('./commands/pull.ts')).pull),
  get: verb('Bring files that were left out to this disk', async () => (await import('./commands/get.ts')).get),
  evict: verb(
    'Take contents from local packs that the network keeps',
    async () => (await import('./commands/evict.ts')).evict,
  ),
  drop: verb('Take files from this disk that the network keeps', async () => (await import('./commands/drop.ts')).drop),
  verify: verb(
    'Check data and records, and say on what evidence',
    async () => (await import('./commands/verify.ts')).verify,
  ),
  grep: verb('Search in the paths or files of a version', async () => (await import('./commands/grep.ts')).grep),
  du: verb('Show what refs and folders take', async () => (await import('./commands/du.ts')).du),
  gc: verb('Delete local objects that nothing uses', async () => (await import('./commands/gc.ts')).gc),
  fsck: verb('Check the objects of the workspace', async () => (await import('./commands/fsck.ts')).fsck),
  doctor: verb('Find out what is wrong and what to do', async () => (await import('./commands/doctor.ts')).doctor),
  bundle: {
    summary: 'Carry versions in a file, without a network',
    children: {
      create: verb(
        'Write branches and tags to a file',
        async () => (await import('./commands/bundle/create.ts')).bundleCreate,
      ),
      verify: verb(
        'Check a file, every byte of it',
        async () => (await import('./commands/bundle/verify.ts')).bundleVerify,
      ),
      unbundle: verb(
        'Take over what a file holds',
        async () => (await import('./commands/bundle/unbundle.ts')).bundleUnbundle,
      ),
    },
  },
  import: verb(
    'Bring a folder, a Git LFS or a DVC repository with its history',
    async () => (await import('./commands/import.ts')).importCommand,
  ),
  mirror: verb(
    'Keep a complete copy of a repository in a folder',
    async () => (await import('./commands/mirror.ts')).mirrorCommand,
  ),
  purge: verb('Take files out of all history', async () => (await import('./commands/purge.ts')).purge),
  expiry: verb('Show when what each ref needs expires', async () => (await import('./commands/expiry.ts')).expiry),
  renew: verb('Extend the storage of a repository', async () => (await import('./commands/renew.ts')).renew),
  takedown: verb(
    'Remove contents from the network despite promises',
    async () => (await import('./commands/takedown.ts')).takedown,
  ),
  mark: verb('Say or show what became of a version', async () => (await import('./commands/mark.ts')).mark),
  derive: verb('Record what a version was made from', async () => (await import('./commands/derive.ts')).derive),
  revive: verb('Bring back what has expired', async () => (await import('./commands/revive.ts')).revive),
  fund: {
    summary: 'Let a repository pay for its own renewal',
    children: {
      show: verb('Show what it holds and pays for', async () => (await import('./commands/fund/show.ts')).fundShow),
      add: verb('Put WAL in', async () => (await import('./commands/fund/add.ts')).fundAdd),
      rule: verb('Say what it may pay for', async () => (await import('./commands/fund/rule.ts')).fundRule),
      withdraw: verb('Take WAL out', async () => (await import('./commands/fund/withdraw.ts')).fundWithdraw),
    },
  },
  remote: {
    summary: 'Manage the repositories a workspace knows',
    fallback: 'list',
    children: {
      add: verb('Give a repository a local name', async () => (await import('./commands/remote/add.ts')).remoteAdd),
      remove: verb(
        'Forget a name and what is known of it',
        async () => (await import('./commands/remote/remove.ts')).remoteRemove,
      ),
      rename: verb('Give it another name', async () => (await import('./commands/remote/rename.ts')).remoteRename),
      'set-url': verb(
        'Let a name stand for another repository',
        async () => (await import('./commands/remote/set-url.ts')).remoteSetUrl,
      ),
      list: verb('List the named repositories', async () => (await import('./commands/remote/list.ts')).remoteList),
      show: verb(
        'Show a repository as the chain has it',
        async () => (await import('./commands/remote/show.ts')).remoteShow,
      ),
    },
  },
  access: {
    summary: 'Say who may write to a repository',
    children: {
      grant: verb('Give an address a role', async () => (await import('./commands/access/grant.ts')).accessGrant),
      revoke: verb(
        'Take a role from an address',
        async () => (await import('./commands/access/revoke.ts')).accessRevoke,
      ),
      list: verb('List the roles', async () => (await import('./commands/access/list.ts')).accessList),
    },
  },
  key: {
    summary: 'Manage signing keys',
    children: {
      generate: verb('Make a new key', async () => (await import('./commands/key/generate.ts')).keyGenerate),
      import: verb(
        'Store a secret read from standard input',
        async () => (await import('./commands/key/import.ts')).keyImport,
      ),
      list: verb('List the keys by alias and address', async () => (await import('./commands/key/list.ts')).keyList),
      use: verb(
        'Choose the key that signs outside the local network',
        async () => (await import('./commands/key/use.ts')).keyUse,
      ),
      show: verb('Show the address that would sign', async () => (await import('./commands/key/show.ts')).keyShow),
    },
  },
  wallet: verb('Show addresses and balances', async () => (await import('./commands/wallet.ts')).wallet),
  faucet: verb(
    'Get test SUI and WAL where a network gives them',
    async () => (await import('./commands/faucet.ts')).faucet,
  ),
  attributes: verb(
    'Show what the attribute rules say of paths',
    async () => (await import('./commands/attributes.ts')).attributes,
  ),
  config: {
    summary: 'Read and change settings of the workspace',
    help: 'Also as in git: `config user.name NAME` sets it, `config user.name` prints it; with --global for all workspaces.',
    children: {
      get: verb('Print one setting', async () => (await import('./commands/config/get.ts')).configGet),
      set: verb('Change one setting', async () => (await import('./commands/config/set.ts')).configSet),
      unset: verb('Remove one setting', async () => (await import('./commands/config/unset.ts')).configUnset),
      list: verb('Print all settings', async () => (await import('./commands/config/list.ts')).configList),
    },
  },
  cache: {
    summary: 'Manage what all workspaces share of what they fetched',
    children: {
      show: verb('Show its size, limit and pins', async () => (await import('./commands/cache/show.ts')).cacheShow),
      limit: verb('Set how large it may get', async () => (await import('./commands/cache/limit.ts')).cacheLimit),
      clear: verb('Empty it', async () => (await import('./commands/cache/clear.ts')).cacheClear),
      pin: verb('Keep a version in it', async () => (await import('./commands/cache/pin.ts')).cachePin),
      unpin: verb('Let a version go', async () => (await import('./commands/cache/unpin.ts')).cacheUnpin),
    },
  },
  localnet: {
    summary: 'Run the embedded local network',
    children: {
      up: verb('Start it and keep it running', async () => (await import('./commands/localnet/up.ts')).localnetUp),
      status: verb(
        'Show its addresses and nodes',
        async () => (await import('./commands/localnet/status.ts')).localnetStatus,
      ),
      down: verb('Stop it; its state stays', async () => (await import('./commands/localnet/down.ts')).localnetDown),
      reset: verb(
        'Stop it and delete its state',
        async () => (await import('./commands/localnet/reset.ts')).localnetReset,
      ),
      epoch: {
        summary: 'Control its storage epochs',
        children: {
          next: verb(
            'Begin the next epoch now',
            async () => (await import('./commands/localnet/epoch/next.ts')).localnetEpochNext,
          ),
        },
      },
    },
  },
  network: {
    summary: 'See which networks there are and whether they work',
    children: {
      use: verb('Choose where new repositories go', async () => (await import('./commands/network/use.ts')).networkUse),
      list: verb('List the known networks', async () => (await import('./commands/network/list.ts')).networkList),
      check: verb(
        'Compare a network with its profile',
        async () => (await import('./commands/network/check.ts')).networkCheck,
      ),
    },
  },
  deploy: verb('Publish the floe package on a network', async () => (await import('./commands/deploy.ts')).deploy),
  package: {
    summary: 'Upgrade a floe package of yours, after a delay and in public',
    children: {
      show: verb(
        'Show its version and what is proposed',
        async () => (await import('./commands/package/show.ts')).packageShow,
      ),
      propose: verb(
        'Announce the code of this Floe as the next version',
        async () => (await import('./commands/package/propose.ts')).packagePropose,
      ),
      cancel: verb('Take a proposal back', async () => (await import('./commands/package/cancel.ts')).packageCancel),
      upgrade: verb(
        'Make the upgrade that was proposed',
        async () => (await import('./commands/package/upgrade.ts')).packageUpgrade,
      ),
      delay: verb(
        'Make later upgrades wait longer',
        async () => (await import('./commands/package/delay.ts')).packageDelay,
      ),
      freeze: verb(
        'Give up upgrades for good',
        async () => (await import('./commands/package/freeze.ts')).packageFreeze,
      ),
      migrate: verb(
        'Move a repository to the latest version',
        async () => (await import('./commands/package/migrate.ts')).packageMigrate,
      ),
    },
  },
  bench: {
    summary: 'Measure what this machine is given',
    children: {
      network: verb(
        'Time the ledger and the storage nodes',
        async () => (await import('./commands/bench/network.ts')).benchNetworkCommand,
      ),
    },
  },
  'blob-id': verb(
    'Compute the Walrus blob id of a file',
    async () => (await import('./commands/blob-id.ts')).blobIdCommand,
  ),
  completion: verb(
    'Print a script that completes commands in a shell',
    async () => (await import('./commands/completion.ts')).completion,
  ),
  demo: verb('Run the main job end to end on generated data', async () => (await import('./commands/demo.ts')).demo),
}

export const EXIT_HELP = `
Revisions are written as in git: main, HEAD~2, v1^2, main@{1}, main@{yesterday}, @{-1}, @{u}, an id of 8 or more digits,
:/text and main^{/text} for the youngest whose message has the text; ranges as v1..v2, v1...v2 and v1^!. A path at a
revision is REV:PATH, as staged :PATH.
A repository is NETWORK:OBJECT_ID, optionally with @REVISION.

Exit status: 0 done, 1 other failure, 2 usage, 3 partial, 10 not a repository, 11 locked, 12 key or funds,
13 integrity, 14 network, 70 internal, 130 cancelled. An unknown status means failure.`
