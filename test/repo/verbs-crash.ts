/** Power cuts during every verb that changes something: the workspace opens, nothing committed is lost, every name is where
 *  it was or where it shall be, and the same command, typed again, ends where one that was not cut off ends. */

import { describe, expect, it } from 'vitest'
import { createBranch, createTag, deleteBranch, deleteTag, renameBranch } from '../../src/repo/branch.ts'
import { createBundle, unbundle, verifyBundle } from '../../src/repo/bundle.ts'
import { amendCommit, commit } from '../../src/repo/commit.ts'
import { getConfig, setConfig, unsetConfig } from '../../src/repo/config.ts'
import { merge } from '../../src/repo/merge.ts'
import { move } from '../../src/repo/mv.ts'
import { cherryPick, revert } from '../../src/repo/pick.ts'
import { pickSeveral, revertSeveral } from '../../src/repo/pick-several.ts'
import { rebase } from '../../src/repo/rebase.ts'
import { continueRebase } from '../../src/repo/rebase-resume.ts'
import { writeRemote } from '../../src/repo/remote.ts'
import { removeRemote, renameRemote, setRemoteAddress } from '../../src/repo/remote-change.ts'
import { reset } from '../../src/repo/reset.ts'
import { restore } from '../../src/repo/restore.ts'
import { remove } from '../../src/repo/rm.ts'
import { dropStash, listStashes, popStash, pushStash } from '../../src/repo/stash.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { setUpstream } from '../../src/repo/upstream.ts'
import type { Workspace } from '../../src/store/workspace.ts'
import type { CrashFs } from '../faults/crash-fs.ts'
import { atEveryCut, openAt, versionOf } from './every-cut.ts'
import { filesIn, memoryWorkspace, writeTo } from './memory-workspace.ts'
import { author, codeOf } from './temporary-workspace.ts'

interface Verb {
  name: string
  job(workspace: Workspace): Promise<unknown>
  /** What a repetition may say when the first run had come to its end. */
  again?: string[]
  /** It throws local changes away, as it is meant to. */
  discards?: boolean
}

const sign = { author }
/** Beside the workspace: one with a version and contents that it lacks, and the place of one that it makes. */
const BUNDLE = '/bundles/theirs'
const WRITTEN_BUNDLE = '/bundles/ours'
const VERBS: Verb[] = [
  { name: 'mv', job: (ws) => move(ws, { sources: ['text'], destination: 'd/text' }), again: ['PATH_UNKNOWN'] },
  {
    name: 'mv into a new folder',
    job: (ws) => move(ws, { sources: ['edited'], destination: 'new/deep/edited' }),
    again: ['PATH_UNKNOWN'],
  },
  { name: 'rm', job: (ws) => remove(ws, { paths: ['text'] }), again: ['PATH_UNKNOWN'] },
  { name: 'rm --cached', job: (ws) => remove(ws, { paths: ['text'], cached: true }), again: ['PATH_UNKNOWN'] },
  { name: 'restore', job: (ws) => restore(ws, { paths: ['edited'] }), discards: true },
  { name: 'restore --staged --source', job: (ws) => restore(ws, { paths: ['text'], staged: true, source: 'HEAD~1' }) },
  {
    name: 'commit -a',
    job: (ws) => commit(ws, { ...sign, message: 'all', all: true }),
    again: ['COMMIT_NOTHING_STAGED'],
  },
  {
    name: 'commit -A',
    job: (ws) => commit(ws, { ...sign, message: 'everything', add: true }),
    again: ['COMMIT_NOTHING_STAGED'],
  },
  {
    name: 'commit PATH',
    job: (ws) => commit(ws, { ...sign, message: 'named', paths: ['edited'] }),
    again: ['COMMIT_NOTHING_STAGED'],
  },
  { name: 'commit --amend -a', job: (ws) => amendCommit(ws, { message: 'again', all: true }) },
  { name: 'reset --soft', job: (ws) => reset(ws, { revision: 'v1', mode: 'soft' }) },
  { name: 'reset --mixed', job: (ws) => reset(ws, { revision: 'dev~1', mode: 'mixed' }) },
  { name: 'reset --hard', job: (ws) => reset(ws, { revision: 'dev', mode: 'hard' }), discards: true },
  { name: 'switch', job: (ws) => switchTo(ws, { target: 'dev' }) },
  { name: 'switch -c', job: (ws) => switchTo(ws, { target: 'new', create: true }), again: ['REF_EXISTS'] },
  { name: 'switch -C', job: (ws) => switchTo(ws, { target: 'dev', reset: true, at: 'v1' }) },
  { name: 'switch -C of the current branch', job: (ws) => switchTo(ws, { target: 'main', reset: true, at: 'v1' }) },
  { name: 'switch --detach', job: (ws) => switchTo(ws, { target: 'v1', detach: true }) },
  { name: 'merge', job: (ws) => merge(ws, { ...sign, revision: 'dev' }) },
  { name: 'merge --ff', job: (ws) => merge(ws, { ...sign, revision: 'ahead' }) },
  { name: 'cherry-pick', job: (ws) => cherryPick(ws, { ...sign, revision: 'dev' }), again: ['PICK_NOTHING'] },
  { name: 'cherry-pick A...B', job: (ws) => pickSeveral(ws, { revision: 'dev...ahead' }), again: ['PICK_NOTHING'] },
  { name: 'revert', job: (ws) => revert(ws, { ...sign, revision: 'ahead~2' }), again: ['PICK_NOTHING'] },
  { name: 'revert A..B', job: (ws) => revertSeveral(ws, { ...sign, revision: 'dev..ahead' }), again: ['PICK_NOTHING'] },
  { name: 'rebase', job: (ws) => rebase(ws, { upstream: 'dev' }) },
  { name: 'stash push', job: (ws) => pushStash(ws, sign), again: ['STASH_NOTHING'], discards: true },
  { name: 'stash pop', job: (ws) => popStash(ws), again: ['STASH_UNKNOWN'] },
  { name: 'stash apply', job: (ws) => popStash(ws, { keep: true }) },
  { name: 'stash drop', job: (ws) => dropStash(ws), again: ['STASH_UNKNOWN'] },
  { name: 'tag', job: (ws) => createTag(ws, { name: 'v2' }), again: ['REF_EXISTS'] },
  { name: 'tag -d', job: (ws) => deleteTag(ws, { name: 'v1' }), again: ['REF_UNKNOWN'] },
  { name: 'branch', job: (ws) => createBranch(ws, { name: 'x/y' }), again: ['REF_EXISTS'] },
  { name: 'branch -d', job: (ws) => deleteBranch(ws, { name: 'dev', force: true }), again: ['REF_UNKNOWN'] },
  {
    name: 'branch -m',
    job: (ws) => renameBranch(ws, { from: 'main', to: 'other' }),
    again: ['REF_UNKNOWN', 'REF_EXISTS'],
  },
  { name: 'branch -u', job: (ws) => setUpstream(ws, 'main', 'origin/main') },
  { name: 'branch --unset-upstream', job: (ws) => setUpstream(ws, 'dev', null) },
  { name: 'remote set-url', job: (ws) => setRemoteAddress(ws, 'origin', 'local:0x2') },
  {
    name: 'remote rename',
    job: (ws) => renameRemote(ws, { from: 'origin', to: 'up' }),
    again: ['REMOTE_MISSING'],
  },
  { name: 'remote remove', job: (ws) => removeRemote(ws, 'origin'), again: ['REMOTE_MISSING'] },
  { name: 'config set', job: (ws) => setConfig(ws, 'user.name', 'Grace') },
  { name: 'config unset', job: (ws) => unsetConfig(ws, 'user.email') },
  { name: 'bundle unbundle', job: (ws) => unbundle(ws, { path: BUNDLE }) },
  {
    name: 'bundle create',
    // What stands in its place is whole, or it would not be there.
    job: (ws) =>
      ws.fs.stat(WRITTEN_BUNDLE)
        ? verifyBundle(ws.fs, { path: WRITTEN_BUNDLE })
        : createBundle(ws, { path: WRITTEN_BUNDLE }),
  },
]

/** Of these the stash is all that changes. */
const BRINGS_STASH: ReadonlySet<string> = new Set(['stash pop', 'stash apply'])

/** Two branches that have parted without a conflict, one that is ahead, a tag, a stash, and a file that is edited and
 *  touched by none of it. */
async function prepared(verb: Verb): Promise<CrashFs> {
  const ws = await memoryWorkspace()
  const { workspace, fs } = ws
  ws.write('text', '1\n2\n3\n')
  ws.write('edited', 'committed')
  await ws.commitAll('base')
  await createTag(workspace, { name: 'v1' })
  await createBranch(workspace, { name: 'dev' })
  ws.write('text', '1\n2\nOURS\n')
  ws.write('ours', 'o')
  await ws.commitAll('ours')
  ws.write('late', 'l')
  await ws.commitAll('late')
  await switchTo(workspace, { target: 'dev' })
  ws.write('text', 'THEIRS\n2\n3\n')
  ws.write('d/theirs', 't')
  await ws.commitAll('theirs')
  await switchTo(workspace, { target: 'main' })
  await switchTo(workspace, { target: 'ahead', create: true })
  ws.write('ahead', 'a')
  await ws.commitAll('ahead')
  await switchTo(workspace, { target: 'main' })
  await setConfig(workspace, 'user.email', 'a@example.org')
  await writeRemote(workspace, 'origin', 'local:0x1')
  await workspace.refs.update({ name: 'remotes/origin/main', next: workspace.refs.read('tags/v1'), reason: 'fetch' })
  ws.write('late', 'stashed')
  await pushStash(workspace, sign)
  if (!BRINGS_STASH.has(verb.name)) ws.write('edited', 'edited')
  fs.makeDirectory('/bundles')
  await setUpstream(workspace, 'dev', 'origin/main')
  await ws.close()
  const elsewhere = fs.clone()
  {
    await using other = await openAt(elsewhere, 0)
    await reset(other, { mode: 'hard' })
    await switchTo(other, { target: 'more', create: true })
    writeTo(elsewhere, 'more', 'm')
    await commit(other, { ...sign, message: 'more', add: true })
    await createBundle(other, { path: BUNDLE, refs: ['more'] })
  }
  const bundle = fs.open(BUNDLE, 'create')
  bundle.write(elsewhere.readFile(BUNDLE, 1_000_000))
  await bundle.sync()
  bundle.close()
  await fs.syncDirectory('/bundles')
  return fs.clone()
}

interface Seen {
  refs: Map<string, string>
  head: string
  version: Record<string, string>
  staged: string[]
  stashes: number
  config: (string | undefined)[]
}

async function look(workspace: Workspace): Promise<Seen> {
  const head = workspace.refs.readHead()
  return {
    refs: new Map(workspace.refs.list().map(({ name, id }) => [name, id])),
    head: head.$kind === 'branch' ? head.branch : 'detached',
    version: await versionOf(workspace, 'HEAD'),
    staged: (await statusOf(workspace)).staged.map(({ path, status }) => `${status} ${path}`),
    stashes: (await listStashes(workspace)).length,
    config: [
      await getConfig(workspace, 'user.name'),
      await getConfig(workspace, 'user.email'),
      await getConfig(workspace, 'branches.main.ref'),
      await getConfig(workspace, 'branches.dev.ref'),
      await getConfig(workspace, 'remotes.origin.repository'),
    ],
  }
}

/** The names and what they hold; ids of commits made twice differ by their times. */
const outcome = ({ refs, ...rest }: Seen) => ({ ...rest, refs: [...refs.keys()] })

async function repeat(workspace: Workspace, { name, job, again = [] }: Verb, where: string): Promise<void> {
  const { operation } = await statusOf(workspace)
  if (operation?.kind === 'rebase') {
    await continueRebase(workspace)
    return
  }
  let code = await codeOf(job(workspace))
  if (code === 'WORKTREE_WOULD_OVERWRITE') {
    // Files just written may be torn by a power cut, as with git: tracked ones are brought back, new ones deleted.
    await reset(workspace, { mode: 'hard' })
    for (const path of (await statusOf(workspace)).untracked) workspace.fs.unlink(`${workspace.root}/${path}`)
    code = await codeOf(job(workspace))
  }
  // The renaming itself was torn: neither name is there, which the error says how to go about.
  if (name === 'mv' && code === 'MOVE_REFUSED') {
    await restore(workspace, { paths: ['text'] })
    code = await codeOf(job(workspace))
  }
  // Cut off between the new name and HEAD: the name is there, so HEAD only has to go to it.
  if (name === 'switch -c' && code === 'REF_EXISTS') await switchTo(workspace, { target: 'new' })
  if (name === 'branch -m' && code === 'REF_EXISTS') {
    await switchTo(workspace, { target: 'other' })
    await deleteBranch(workspace, { name: 'main' })
  }
  expect(['none', ...again], where).toContain(code)
}

/** @param stride - cuts at every so manieth step */
export function verbCrashTests(stride: number): void {
  describe('a power cut during', () => {
    it.each(VERBS)('$name: nothing committed is lost, and the same command finishes it', async (verb) => {
      const start = await prepared(verb)
      await using before = await openAt(start.clone(), 1)
      const old = await look(before)
      const id = before.refs.headCommit()!
      const whole = start.clone()
      await using after = await openAt(whole, 1)
      await verb.job(after)
      const goal = await look(after)
      await atEveryCut(start, stride, verb.job, async (workspace, fs, where) => {
        const seen = await look(workspace)
        for (const [name, commitId] of old.refs)
          if (goal.refs.get(name) === commitId) expect(seen.refs.get(name), `${where}: ${name}`).toBe(commitId)
        for (const name of seen.refs.keys())
          expect(old.refs.has(name) || goal.refs.has(name), `${where}: ${name}`).toBe(true)
        expect(await versionOf(workspace, id), where).toEqual(old.version)
        const { edited, 'new/deep/edited': moved } = filesIn(fs)
        if (!verb.discards && !BRINGS_STASH.has(verb.name)) expect(edited ?? moved, where).toBe('edited')
        await repeat(workspace, verb, where)
        const end = await look(workspace)
        if (verb.name === 'stash push') {
          // The changes are in one more stash, or in two if it was cut off after the first.
          expect(end.stashes, where).toBeGreaterThanOrEqual(goal.stashes)
          expect(end.version, where).toEqual(goal.version)
        } else if (verb.name === 'stash drop' || verb.name === 'stash pop') expect(end.stashes, where).toBe(0)
        else expect(outcome(end), where).toEqual(outcome(goal))
      })
    })
  })
}
