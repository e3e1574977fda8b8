import { CancelledError, EXIT_CODES, FloeError, UsageError } from '../../base/errors.ts'
import { deleteBranchThere } from '../../repo/delete-branch-there.ts'
import { type EvictResult, evict, storeLimit } from '../../repo/evict.ts'
import { holdsInPlace, noteCertified } from '../../repo/held-evict.ts'
import { defaultNetwork } from '../../repo/network-use.ts'
import { type PushOptions, push as pushRef } from '../../repo/push.ts'
import { abortPush, pushStatus } from '../../repo/push-abort.ts'
import { announcePush } from '../../repo/push-announcement.ts'
import { allRefs, type PushedSeveral, pushSeveral } from '../../repo/push-several.ts'
import { RemoteMissingError } from '../../repo/remote-errors.ts'
import type { Workspace } from '../../store/workspace.ts'
import { command, type Result } from '../command.ts'
import type { Context } from '../context.ts'
import { runHook } from '../hooks.ts'
import { addNetworkFlags, httpAddress, type NetworkFlags, networkOfRemote, withNetwork } from '../network.ts'
import { withProgress } from '../progress.ts'
import { followPushed, otherFollowed, pushArguments } from '../push-arguments.ts'
import { pushedLines, severalLines, warnOfPush } from '../push-lines.ts'
import { shortId } from '../undo.ts'
import { undoDeletion, undoPush } from '../undo-push.ts'
import { abortedLines, paidHints, statusHints, statusLines } from '../unfinished-pushes.ts'
import { inWorkspace } from '../workspace.ts'
import { evictLines } from './evict.ts'

interface Options extends NetworkFlags {
  create?: string
  network?: string
  remote?: string
  setUpstream?: boolean
  tags?: boolean
  all?: boolean
  epochs?: string
  retain?: string
  extend: boolean
  force?: boolean
  delete?: boolean
  dryRun?: boolean
  maxWal?: string
  yes?: boolean
  public?: boolean
  finishTail?: boolean
  relay?: string
  resume?: boolean
  status?: boolean
  abort?: boolean
  verify: boolean
}

export const push = command<Options>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('[remote]', 'remote to push to; a single word may be a branch or tag instead')
      .argument('[ref...]', 'branches or tags (default: the current branch)')
      .option('--create <name>', 'create the repository; the first push of a workspace needs it')
      .option('--network <name>', 'network of a new repository (default: the one of `floe network use`, else local)')
      .option('--remote <name>', 'remote to push to (default: the one that the branch follows, else origin)')
      .option('-u, --set-upstream', 'let the branch follow where it is pushed to')
      .option('--tags', 'push all tags that the remote does not have; one that is another version there stays')
      .option('--all', 'push all branches')
      .option('--epochs <count>', 'buy storage for this many epochs')
      .option(
        '--retain <epochs>',
        'promise not to remove the packs for this many epochs (default: what .floeattributes asks for, at least 2)',
      )
      .option('--no-extend', 'let older packs that the ref needs expire when they expire, even if that is sooner')
      .option('-f, --force', 'move the branch even if that drops versions from it; the chain records it')
      .option('-d, --delete', 'take the branch off the remote; its versions stay in the packs until `gc --remote`')
      .option('-n, --dry-run', 'only print what it would send and cost')
      .option('--max-wal <amount>', 'refuse to spend more WAL than this; the transaction enforces it')
      .option(
        '--relay <url>',
        'send packs through this upload relay, which encodes them; its certificates are verified',
      )
      .option('--finish-tail', 'wait until nodes that were too slow, now or in earlier pushes, have their part as well')
      .option('--resume', 'go on with interrupted pushes where they stopped; always so')
      .option('--status', 'list interrupted pushes and how far they got; pushing again continues them')
      .option('--abort', 'give interrupted pushes up and release the storage bought for them')
      .option('--public', 'confirm that a new repository outside the local network is readable by everyone')
      .option('--no-verify', 'do not ask .floe/hooks/pre-push')
      .option('-y, --yes', 'do not ask'),
  async run(context, words, options) {
    return inWorkspace(context, async (workspace) => {
      const { remote, refs } = pushArguments(workspace, words, options.remote)
      const known = await networkOfRemote(workspace, remote)
      const target = options.network ?? defaultNetwork(context.homeDir)
      if (options.delete) return deleteThere(context, workspace, { ...options, remote }, refs)
      const named = (['status', 'abort', 'resume'] as const).filter((name) => options[name])
      if (named.length > 1)
        throw new UsageError('OPTIONS_EXCLUSIVE', `--${named[0]} and --${named[1]} are two different things`)
      if (options.status) {
        const pushes = await pushStatus(workspace.root)
        return { data: { pushes }, lines: statusLines(pushes), hints: statusHints(pushes) }
      }
      if (options.abort) {
        const network = known ?? target
        const aborted = await withNetwork(context, network, options, (remoteOptions) =>
          abortPush(workspace.root, { ...remoteOptions, network }),
        )
        return { data: aborted, lines: abortedLines(aborted) }
      }
      const remotes = Object.keys(workspace.readConfig().remotes ?? {})
      if (known === undefined && options.create === undefined && remotes.length > 0)
        throw new RemoteMissingError(remote, remotes)
      if (known !== undefined && options.network !== undefined && options.network !== known)
        throw new UsageError('REMOTE_ELSEWHERE', `${remote} is a repository on ${known}, not on ${options.network}`, {
          data: { remote, network: known },
          hints: [
            'A second repository needs a name of its own: `floe push --remote NAME --create NAME --network NETWORK`',
          ],
        })
      if (known !== undefined && options.create !== undefined)
        context.output.warn(`${remote} is there already: nothing is created`)
      let create = options.create
      if (known === undefined && create === undefined && !options.dryRun)
        create = await context.ask(
          'This workspace has no repository yet. Name of the new one: ',
          'this workspace has no remote: name the new repository with --create NAME --yes',
        )
      const several = options.tags || options.all || refs.length > 1
      const names = several ? [...refs, ...allRefs(workspace, { branches: options.all, tags: options.tags })] : refs
      if (several && names.length === 0)
        throw new UsageError('PUSH_NOTHING', `there is no ${options.all ? 'branch with a version' : 'tag'} to push`)
      const branches = several ? names : [refs[0]]
      for (const name of options.setUpstream ? [] : branches) {
        const other = otherFollowed(workspace, remote, name)
        if (other !== undefined) context.output.warn(other)
      }
      if (options.verify && !options.dryRun)
        await runHook(context, workspace, 'pre-push', {
          args: [remote, ...names],
          stdin: await announcePush(workspace, remote, branches),
        })
      const send = <T>(work: (shared: PushOptions) => Promise<T>): Promise<T> =>
        withProgress(context, 'push', (onProgress) =>
          withNetwork(
            context,
            known ?? target,
            options,
            (remoteOptions) =>
              work({
                ...remoteOptions,
                remote,
                create: known === undefined && create !== undefined ? { name: create, network: target } : undefined,
                epochs: wholeNumber(options.epochs, '--epochs'),
                retainEpochs: wholeNumber(options.retain, '--retain'),
                extendReused: options.extend,
                force: options.force,
                dryRun: options.dryRun,
                maxWal: options.maxWal,
                yes: options.yes,
                isPublic: options.public,
                finishTail: options.finishTail,
                relay: httpAddress(options.relay, '--relay'),
              }),
            onProgress,
          ),
        ).catch((error: unknown) => {
          throw error instanceof CancelledError ? cancelledPush(error) : error
        })
      const result: PushedSeveral = several
        ? await send((shared) => pushSeveral(workspace.root, { ...shared, refs: names }))
        : {
            pushes: [await send((shared) => pushRef(workspace.root, { ...shared, ref: refs[0] }))],
            standing: [],
            refused: [],
          }
      const { pushes, refused } = result
      for (const pushed of pushes) warnOfPush(context.output, pushed)
      for (const { ref, error } of refused) context.output.warn(`${ref} was not pushed: ${error.message}`)
      const evicted = pushes.some(({ $kind }) => $kind === 'pushed')
        ? await evictAfter(context, workspace.root, known ?? target, { ...options, remote })
        : null
      const lines = several ? severalLines(result) : pushes.flatMap(pushedLines)
      if (evicted && evicted.packs > 0) lines.push(...evictLines(evicted))
      const hints = new Set(pushes.flatMap(({ notice }) => notice ?? []))
      const undo: string[] = []
      const notUndone = new Set<string>()
      workspace.store.refresh()
      for (const pushed of pushes) {
        if (pushed.$kind === 'dry-run')
          for (const hint of paidHints(await pushStatus(workspace.root), pushed)) hints.add(hint)
        const undone = await undoPush(workspace, pushed, remote)
        const followed =
          options.setUpstream && pushed.$kind !== 'dry-run' ? await followPushed(workspace, pushed, remote) : undefined
        if (followed) lines.push(followed.line)
        undo.push(...(undone.undo ?? []), ...(followed?.undo ?? []))
        for (const line of undone.notUndone ?? []) notUndone.add(line)
      }
      if (several && options.dryRun && pushes.length > 1)
        hints.add('each is priced as if it were pushed alone: what two of them share is sent and paid for once')
      for (const { error } of refused) for (const hint of error.hints) hints.add(hint)
      const failures = refused.map(({ ref, error }) => ({ ref, error: error.toJSON() }))
      const facts = several ? { pushes, standing: result.standing, refused: failures } : pushes[0]!
      const isPartial = pushes.length + result.standing.length > 0
      return {
        data: evicted ? { ...facts, evicted } : facts,
        lines,
        hints: [...hints],
        undo,
        notUndone: [...notUndone],
        exitCode: refused.length === 0 ? 0 : isPartial ? EXIT_CODES.partial : EXIT_CODES.other,
      }
    })
  },
})

async function deleteThere(
  context: Context,
  workspace: Workspace,
  options: Options & { remote: string },
  [ref, ...others]: readonly string[],
): Promise<Result> {
  if (ref === undefined)
    throw new UsageError('ARGUMENT_MISSING', '--delete needs the branch: `floe push --delete NAME`')
  if (others.length > 0) throw new UsageError('ARGUMENT_EXTRA', '--delete takes one branch at a time')
  if (options.dryRun || options.create || options.setUpstream || options.tags || options.all)
    throw new UsageError(
      'OPTIONS_EXCLUSIVE',
      '--delete sends nothing, so --dry-run, --create, --tags, --all and -u mean nothing',
    )
  const network = await networkOfRemote(workspace, options.remote)
  const { force, remote } = options
  const deleted = await withNetwork(context, network, options, (remoteOptions) =>
    deleteBranchThere(workspace.root, { ...remoteOptions, remote, branch: ref, force }),
  )
  return {
    data: deleted,
    lines: [`Deleted ${deleted.ref} of ${remote}; it was at ${shortId(deleted.old)}`],
    ...(await undoDeletion(workspace, deleted)),
  }
}

/** What is safe then. */
function cancelledPush(cause: CancelledError): FloeError {
  return new FloeError('cancelled', cause.code, 'the push was cancelled', {
    hints: [
      'The branch has not moved, unless `floe fetch` shows that it has; pushing the same version again continues, and pays for nothing twice',
      '`floe push --status` shows how far it got, `floe push --abort` gives it up',
    ],
    cause,
  })
}

/** The push is done: what keeps the limit from being kept is a warning. */
async function evictAfter(
  context: Context,
  root: string,
  network: string,
  options: Options,
): Promise<EvictResult | null> {
  try {
    if (await inWorkspace(context, holdsInPlace))
      await withNetwork(context, network, options, (remoteOptions) =>
        noteCertified(root, { ...remoteOptions, remote: options.remote }),
      )
    if ((await inWorkspace(context, storeLimit)) === null) return null
    return await withNetwork(context, network, options, (remoteOptions) =>
      evict(root, { ...remoteOptions, remote: options.remote }),
    )
  } catch (error) {
    if (!(error instanceof FloeError) || error.kind === 'cancelled') throw error
    context.output.warn(`local packs were left as they are: ${error.message}`)
    return null
  }
}

function wholeNumber(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1)
    throw new UsageError('NUMBER_MALFORMED', `${option} expected a positive number, got "${text}"`)
  return value
}
