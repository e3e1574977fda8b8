import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { findGitRepository } from '../../src/migration/git-repository.ts'
import { walkTree } from '../../src/objects/tree.ts'
import { GIT_SETTINGS, gitEnvironment } from '../../src/provenance/git-environment.ts'
import { catFile } from '../../src/repo/cat.ts'
import { forgetImport, type ImportOptions, importSource } from '../../src/repo/import.ts'
import { importGitHistory } from '../../src/repo/import-git.ts'
import { readImportJournal } from '../../src/repo/import-journal.ts'
import { createNoteBook } from '../../src/repo/import-result.ts'
import { logOf } from '../../src/repo/log.ts'
import { addRemote } from '../../src/repo/remote.ts'
import { statusOf } from '../../src/repo/status.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { treeOfRevision } from '../../src/repo/versions.ts'
import type { FileStat, FileSystem, OpenMode } from '../../src/store/file-system.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { GitOracle } from './git-oracle.ts'
import { bytesOf, dvcRepository, dvcVector, lfsPlace, lfsPointer, sha256Of, writeBelow } from './import-sources.ts'
import { author, codeOf, type TemporaryWorkspace, temporaryWorkspace } from './temporary-workspace.ts'

let to: TemporaryWorkspace
/** The source: as `lfsHistory` made it, where a test asks for that. */
let git: GitOracle
let template: { git: GitOracle; contents: Record<string, string> } | undefined
let empty: GitOracle
beforeAll(() => {
  empty = new GitOracle(1_700_000_000_000)
})
beforeEach(async () => {
  to = await temporaryWorkspace()
  git = new GitOracle(1_700_000_000_000, empty.dir)
})
afterEach(async () => {
  await to.close()
  git[Symbol.dispose]()
})
afterAll(() => {
  template?.git[Symbol.dispose]()
  empty[Symbol.dispose]()
})

const bring = (more: Partial<ImportOptions> = {}) =>
  importSource(to.workspace, { source: git.dir, name: 'old', author, ...more })

/** Path → file id of a version. */
async function filesAt(revision: string): Promise<Record<string, string>> {
  const { tree } = await treeOfRevision(to.workspace, revision)
  const found: Record<string, string> = {}
  for await (const { path, fileId } of walkTree(to.workspace.store.read, tree)) found[path] = fileId
  return found
}

/** What git has at a commit, with the contents of pointers: the same as `sha256sum` on a checkout. */
function gitFilesAt(revision: string, contents: Record<string, string> = {}): Record<string, string> {
  const found: Record<string, string> = {}
  for (const path of git.ok('ls-tree', '-r', '-z', '--name-only', revision).split('\0').filter(Boolean)) {
    const blob = git.ok('cat-file', 'blob', `${revision}:${path}`)
    found[path] = sha256Of(contents[blob] ?? blob)
  }
  return found
}

const big = (letter: string) => `${letter} line of a large file\n`.repeat(4_000)

/** Makes the source what `makeHistory` makes, which takes some twenty processes, once.
 *  @returns pointer → contents */
function lfsHistory(): Record<string, string> {
  if (!template) {
    const source = git
    git = new GitOracle(1_700_000_000_000)
    template = { contents: makeHistory(), git }
    git = source
  }
  rmSync(join(git.dir, '.git'), { recursive: true })
  cpSync(template.git.dir, git.dir, { recursive: true, verbatimSymlinks: true })
  git.timeMs = template.git.timeMs
  return template.contents
}

/** main: two commits and a merge of `side`; tags; an executable, a link, and files of LFS. */
function makeHistory(): Record<string, string> {
  const contents: Record<string, string> = {}
  const pointer = (text: string) => {
    const made = lfsPointer(git, text)
    contents[made] = text
    return made
  }
  git.write('model.bin', pointer(big('a')))
  git.write('run.sh', '#!/bin/sh\n')
  chmodSync(join(git.dir, 'run.sh'), 0o755)
  symlinkSync('run.sh', join(git.dir, 'link'))
  git.commitAll('first')
  git.ok('tag', 'v1')
  git.ok('checkout', '--quiet', '-b', 'side')
  git.write('sub/more.bin', pointer(big('b')))
  git.timeMs += 60_000
  git.commitAll('on the side\n\nwith a body')
  git.ok('checkout', '--quiet', 'main')
  git.write('run.sh', '#!/bin/sh\necho\n')
  chmodSync(join(git.dir, 'run.sh'), 0o755)
  git.timeMs += 60_000
  git.commitAll('on main')
  git.timeMs += 60_000
  git.ok('merge', '--quiet', '--no-ff', '-m', 'merged', 'side')
  git.ok('tag', '-a', '-m', 'annotated', 'v2')
  return contents
}

describe('import of a git repository with LFS', () => {
  test('keeps commits, authors, times, merges, branches and tags, and brings the contents', async () => {
    const contents = lfsHistory()
    const result = await bring()
    expect(result).toMatchObject({
      $kind: 'imported',
      source: { kind: 'git' },
      commits: 4,
      lfsFiles: 2,
      branch: 'main',
      missingCount: 0,
      leftOutCount: 0,
    })
    const log = await logOf(to.workspace, {})
    const expected = git
      .ok('log', '--format=%B%x00%an%x00%ae%x00%at%x00%P%x00%H%x01')
      .split('\x01')
      .filter((entry) => entry.trim() !== '')
      .map((entry) => entry.replace(/^\n/, '').split('\0'))
    expect(
      log.map(({ message, author: { name, email }, timeMs, parents }) => [
        message,
        name,
        email,
        timeMs,
        parents.length,
      ]),
    ).toEqual(
      expected.map(([message, name, email, time, parents]) => [
        message!.trim(),
        name,
        email,
        Number(time) * 1000,
        parents!.split(' ').filter(Boolean).length,
      ]),
    )
    for (const revision of ['main', 'side', 'v1', 'v2'])
      expect(await filesAt(revision), revision).toEqual(gitFilesAt(revision, contents))
    expect(to.workspace.refs.list().map(({ name }) => name)).toEqual([
      'heads/main',
      'heads/side',
      'remotes/old/main',
      'remotes/old/side',
      'tags/v1',
      'tags/v2',
    ])
    expect((await statusOf(to.workspace)).clean).toBe(true)
    expect(to.files()).toMatchObject({ 'model.bin': big('a'), link: '-> run.sh', 'run.sh': '*#!/bin/sh\necho\n' })
    expect(await verifyLocal(to.workspace, { full: true })).toMatchObject({ ok: true, commits: 4, absent: 0 })
  })

  test('keeps the commit of git, from which its id can be computed', async () => {
    lfsHistory()
    await bring()
    const [tip] = await logOf(to.workspace, { limit: 1 })
    const raw = await to.workspace.store.read('attachment', tip!.attachments['git/commit']!)
    const id = createHash('sha1').update(`commit ${raw.length}\0`).update(raw).digest('hex')
    expect(id).toBe(git.ok('rev-parse', 'main').trim())
  })

  test('gives the same commits everywhere', async () => {
    lfsHistory()
    await bring()
    const other = await temporaryWorkspace()
    await importSource(other.workspace, { source: git.dir, name: 'again' })
    expect(other.workspace.refs.read('heads/main')).toBe(to.workspace.refs.read('heads/main'))
    await other.close()
  })

  test('brings only what is new when it is run again, and moves no branch of one’s own', async () => {
    lfsHistory()
    await bring()
    expect(await bring()).toMatchObject({ $kind: 'up-to-date', commits: 0, known: 4, files: 0 })
    const mine = to.workspace.refs.read('heads/main')
    git.write('model.bin', lfsPointer(git, big('c')))
    git.commitAll('later')
    expect(await bring({ dryRun: true })).toMatchObject({ $kind: 'dry-run', commits: 1, lfsFiles: 1, updated: [] })
    expect(await bring()).toMatchObject({ $kind: 'imported', commits: 1, files: 1, lfsFiles: 1, branch: null })
    expect(to.workspace.refs.read('heads/main')).toBe(mine)
    expect((await filesAt('old/main'))['model.bin']).toBe(sha256Of(big('c')))
  })

  test('makes versions again whose history was cut off before, and says of an empty source that it is', async () => {
    expect(await codeOf(bring())).toBe('IMPORT_SOURCE_EMPTY')
    for (const text of ['1', '2', '3']) {
      git.write('a', text)
      git.commitAll(text)
    }
    const [, cut] = git.lines('rev-list', 'main')
    writeFileSync(join(git.dir, '.git/shallow'), `${cut}\n`)
    expect(await bring()).toMatchObject({ commits: 2 })
    rmSync(join(git.dir, '.git/shallow'))
    expect(await bring()).toMatchObject({ commits: 3, known: 0 })
    const messages = (await logOf(to.workspace, { revisions: ['old/main'] })).map(({ message }) => message)
    expect(messages).toEqual(['3', '2', '1'])
  })

  test('goes on after it was cut off, and does not believe a journal whose commits are gone', async () => {
    lfsHistory()
    const stop = new AbortController()
    const packBytes = 300_000
    await to.workspace.close()
    const workspace = await openWorkspace(to.dir, { packBytes, clock: hourly() })
    to.workspace = workspace
    const cut = bring({
      signal: stop.signal,
      onProgress: (event) => {
        if (event.$kind === 'importing' && event.doneCommits === 3) stop.abort()
      },
    })
    await expect(cut).rejects.toMatchObject({ kind: 'cancelled' })
    expect(workspace.refs.list()).toEqual([])
    // Batches by time: with a clock that leaps, each commit is one.
    expect(await bring({ dryRun: true })).toMatchObject({ known: 3, commits: 1 })
    const names = workspace.store.packNames()
    await workspace.withLock('test', () => workspace.store.dropPacks(names.slice(0, 1)))
    expect(await bring()).toMatchObject({ commits: 4, known: 0 })
    expect(await verifyLocal(workspace, { full: true })).toMatchObject({ ok: true, absent: 0 })
  })

  test('names what is missing before it begins, and puts pointers in its place where that is asked', async () => {
    lfsHistory()
    const pointer = lfsPointer(git, 'never fetched', { isStored: false })
    git.write('gone.bin', pointer)
    git.commitAll('without its contents')
    await expect(bring()).rejects.toMatchObject({
      code: 'IMPORT_CONTENT_MISSING',
      exitCode: 1,
      data: { count: 1, missing: [{ kind: 'lfs', id: sha256Of('never fetched'), path: 'gone.bin' }] },
    })
    expect(to.workspace.refs.list()).toEqual([])
    expect(await bring({ skipMissing: true })).toMatchObject({ $kind: 'imported', missingCount: 1 })
    expect((await filesAt('main'))['gone.bin']).toBe(sha256Of(pointer))
    // Once it is there, the versions that lacked it are made again, and only those.
    lfsPointer(git, 'never fetched')
    expect(await bring()).toMatchObject({ commits: 1, known: 4, missingCount: 0 })
    expect((await filesAt('old/main'))['gone.bin']).toBe(sha256Of('never fetched'))
  })

  test('reads again what it does not remember', async () => {
    git.write('a', 'a')
    git.write('b', 'b')
    git.commitAll('two')
    git.ok('mv', 'a', 'z')
    git.ok('mv', 'b', 'y')
    git.write('c', 'c')
    git.commitAll('moved')
    const place = findGitRepository(nodeFs, git.dir)!
    const start = { gitDir: place.gitDir, environment: gitEnvironment(), settings: GIT_SETTINGS }
    const notes = createNoteBook()
    const options = { name: 'old', skipMissing: false, dryRun: false, dvcCacheOf: () => undefined, notes }
    const tip = git.ok('rev-parse', 'HEAD').trim()
    const { imported } = await importGitHistory(to.workspace, start, place, [tip], {
      ...options,
      rememberedContents: 1,
    })
    expect(await filesAt(imported.get(tip)!.commit)).toEqual({ c: sha256Of('c'), y: sha256Of('b'), z: sha256Of('a') })
  })

  test('refuses contents that are not what their pointer says', async () => {
    lfsHistory()
    const place = join(git.dir, '.git/lfs/objects', lfsPlace(sha256Of(big('a'))))
    writeFileSync(place, big('x'))
    await expect(bring()).rejects.toMatchObject({
      code: 'IMPORT_OBJECT_CORRUPT',
      exitCode: 13,
      data: { id: sha256Of(big('a')), path: expect.any(String) },
    })
    writeFileSync(place, 'short')
    await expect(bring()).rejects.toMatchObject({ code: 'IMPORT_OBJECT_CORRUPT' })
    expect(to.workspace.refs.list()).toEqual([])
  })

  test('starts no program that the repository names, and fetches nothing', async () => {
    lfsHistory()
    const mark = join(git.dir, 'ran')
    const script = join(git.dir, '.git', 'evil.sh')
    writeFileSync(script, `#!/bin/sh\ntouch '${mark}'\n`, { mode: 0o755 })
    for (const key of ['core.fsmonitor', 'core.sshCommand', 'core.pager', 'core.alternateRefsCommand', 'diff.external'])
      git.ok('config', key, script)
    git.ok('config', 'filter.lfs.smudge', `touch '${mark}'`)
    // A partial clone that lacks an object would ask its remote for it.
    git.ok('config', 'extensions.partialClone', 'origin')
    git.ok('config', 'remote.origin.promisor', 'true')
    git.ok('config', 'remote.origin.url', `ext::${script}`)
    git.ok('config', 'protocol.ext.allow', 'always')
    const blob = git.ok('rev-parse', 'main:run.sh').trim()
    rmSync(join(git.dir, '.git/objects', blob.slice(0, 2), blob.slice(2)))
    const error = await bring().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: expect.stringMatching(/^IMPORT_(OBJECT_CORRUPT|GIT_FAILED)$/) })
    expect(existsSync(mark)).toBe(false)
  })

  test('refuses a tree with a name that no folder can have', async () => {
    git.write('x.dvc', `outs:\n- md5: ${'0'.repeat(32)}\n  path: x\n`)
    git.commitAll('plain')
    const blob = Buffer.from(git.ok('rev-parse', 'HEAD:x.dvc').trim(), 'hex')
    writeBelow(git.dir, '.git/odd', Buffer.concat([Buffer.from('100644 /x.dvc\0'), blob]))
    const tree = git.ok('hash-object', '-t', 'tree', '-w', '--literally', '.git/odd').trim()
    git.ok('update-ref', 'refs/heads/main', git.ok('commit-tree', tree, '-m', 'odd').trim())
    expect(await codeOf(bring({ skipMissing: true }))).toBe('IMPORT_OBJECT_CORRUPT')
  })

  test('bears settings of any length, and names a ref that is too long for it', async () => {
    git.write('a', 'a')
    git.commitAll('a')
    git.ok('config', 'floe.long', 'z'.repeat(70_000))
    git.write('large.bin', lfsPointer(git, 'not here', { isStored: false }))
    git.commitAll('pointer')
    // The place of its contents is a setting.
    expect(await codeOf(bring({ dryRun: true }))).toBe('IMPORT_CONTENT_MISSING')
    const id = git.ok('rev-parse', 'HEAD').trim()
    writeBelow(
      git.dir,
      '.git/packed-refs',
      `# pack-refs with: peeled fully-peeled sorted \n${id} refs/tags/${'a/'.repeat(35_000)}b\n`,
    )
    await expect(bring()).rejects.toMatchObject({
      code: 'IMPORT_GIT_LINE',
      kind: 'other',
      data: { command: 'for-each-ref' },
    })
  })

  test('starts no git that lies in the repository, where the search path has a place for the current folder', async () => {
    lfsHistory()
    const mark = join(git.dir, 'ran')
    writeFileSync(join(git.dir, '.git', 'git'), `#!/bin/sh\ntouch '${mark}'\n`, { mode: 0o755 })
    vi.stubEnv('PATH', `:${process.env.PATH}`)
    try {
      await bring()
    } finally {
      vi.unstubAllEnvs()
    }
    expect(existsSync(mark)).toBe(false)
  })

  test('leaves out what Floe cannot hold, says so, and gives refs names that fit', async () => {
    git.write('ok', 'ok')
    git.write('a/.floe/x', 'x')
    git.commitAll('one')
    const tree = git.ok('write-tree').trim()
    git.ok('update-index', '--add', '--cacheinfo', `160000,${git.ok('rev-parse', 'HEAD').trim()},module`)
    git.ok('commit', '--quiet', '-m', 'two')
    git.ok('branch', 'feat/#1')
    git.ok('tag', 'of-a-tree', tree)
    const result = await bring()
    expect(result.leftOut.map(({ path }) => path).sort()).toEqual(['a/.floe', 'module', 'tags/of-a-tree'])
    expect(result.warnings).toEqual([
      { code: 'IMPORT_REF_RENAMED', message: 'heads/feat/#1 is called heads/feat/1 here' },
    ])
    expect(Object.keys(await filesAt('old/feat/1'))).toEqual(['ok'])
  })

  test('turns the folder it is run in into a workspace, with the files as they are', async () => {
    git.write('data.txt', 'data')
    git.commitAll('one')
    const { initWorkspace } = await import('../../src/repo/init.ts')
    await initWorkspace(git.dir)
    await using here = await openWorkspace(git.dir)
    expect(await importSource(here, { source: git.dir, name: 'git' })).toMatchObject({ branch: 'main', written: 0 })
    expect((await statusOf(here)).clean).toBe(true)
    git.write('data.txt', 'edited')
    expect((await statusOf(here)).unstaged.map(({ path }) => path)).toEqual(['data.txt'])
  })

  test('keeps its name from becoming that of a remote', async () => {
    git.write('a', 'a')
    git.commitAll('one')
    await bring()
    expect(await codeOf(addRemote(to.dir, 'old', `local:0x${'1'.repeat(64)}`))).toBe('REMOTE_EXISTS')
  })

  test('can be forgotten', async () => {
    to.write('own', 'own')
    await to.commitAll('own')
    lfsHistory()
    const before = to.workspace.refs.list().map(({ name }) => name)
    expect(await bring()).toMatchObject({ branch: null })
    await forgetImport(to.workspace, 'old')
    expect(to.workspace.refs.list().map(({ name }) => name)).toEqual([...before, 'tags/v1', 'tags/v2'])
    expect(await codeOf(forgetImport(to.workspace, 'old'))).toBe('IMPORT_UNKNOWN')
    expect(await forgetImport(to.workspace, 'old', { all: true })).toMatchObject({
      refs: ['tags/v1', 'tags/v2'],
      kept: [],
    })
    expect(to.workspace.refs.list().map(({ name }) => name)).toEqual(before)
  })
})

function hourly() {
  let now = 1_700_000_000_000
  return { now: () => (now += 3_600_000) }
}

describe.each(['dvc-3', 'dvc-2'] as const)('import of what %s wrote', (name) => {
  const vector = dvcVector(name)
  let dvc: GitOracle
  beforeAll(() => {
    dvc = dvcRepository(vector)
  })
  afterAll(() => dvc[Symbol.dispose]())

  test('brings its data with every commit, in place of what describes it', async () => {
    const result = await importSource(to.workspace, { source: dvc.dir, name: 'old' })
    expect(result).toMatchObject({ source: { kind: 'dvc' }, commits: 3, missingCount: 0, warnings: [] })
    for (const [index, { expected }] of vector.commits.entries()) {
      const revision = `main~${vector.commits.length - 1 - index}`
      const files = await filesAt(revision)
      for (const [path, contents] of Object.entries(expected))
        expect(files[path], `${revision}:${path}`).toBe(sha256Of(bytesOf(contents)))
      const others = Object.keys(files).filter((path) => !(path in expected))
      // What DVC and git keep for themselves beside it.
      expect(
        others.filter((path) => !/(^|\/)(\.gitignore|\.dvcignore|dvc\.(yaml|lock))$/.test(path)),
        revision,
      ).toEqual([])
    }
  })

  test('says what its cache lacks, and refuses what is damaged in it', async () => {
    const [path] = Object.entries(vector.cache).find(([, contents]) => bytesOf(contents).toString() === 'new')!
    rmSync(join(dvc.dir, '.dvc/cache', path))
    await expect(importSource(to.workspace, { source: dvc.dir, name: 'old' })).rejects.toMatchObject({
      code: 'IMPORT_CONTENT_MISSING',
      data: { missing: [{ kind: 'dvc', path: 'data/img/2.bin' }] },
    })
    writeBelow(dvc.dir, `.dvc/cache/${path}`, 'not')
    await expect(importSource(to.workspace, { source: dvc.dir, name: 'old' })).rejects.toMatchObject({
      code: 'IMPORT_OBJECT_CORRUPT',
      exitCode: 13,
      message: expect.stringMatching(/^data\/img\/2\.bin cannot be read: DVC file [0-9a-f]{32} is damaged: /),
      data: { path: 'data/img/2.bin' },
    })
    writeBelow(dvc.dir, `.dvc/cache/${path}`, 'new')
  })

  test('without git gives one version, the next time only what changed', async () => {
    rmSync(join(dvc.dir, '.git'), { recursive: true })
    const options = { source: dvc.dir, name: 'old', author }
    await importSource(to.workspace, options)
    const files = await filesAt('main')
    for (const [path, contents] of Object.entries(vector.commits.at(-1)!.expected))
      expect(files[path], path).toBe(sha256Of(bytesOf(contents)))
    expect(await importSource(to.workspace, options)).toMatchObject({ $kind: 'up-to-date' })
  })
})

test('a folder of DVC without git loses what its description no longer names', async () => {
  rmSync(join(git.dir, '.git'), { recursive: true })
  const md5Of = (text: string) => createHash('md5').update(text).digest('hex')
  const keep = (text: string, suffix = '') => {
    const md5 = md5Of(text)
    writeBelow(git.dir, `.dvc/cache/files/md5/${md5.slice(0, 2)}/${md5.slice(2)}${suffix}`, text)
    return md5
  }
  const describeData = (files: Record<string, string>) => {
    const listing = Object.entries(files).map(([relpath, text]) => ({ md5: keep(text), relpath }))
    const md5 = keep(JSON.stringify(listing), '.dir')
    git.write('data.dvc', `outs:\n- md5: ${md5}.dir\n  hash: md5\n  path: data\n`)
  }
  describeData({ a: 'one', b: 'two' })
  rmSync(join(git.dir, '.dvc/cache/files/md5', md5Of('two').replace(/^../, '$&/')))
  await bring({ skipMissing: true })
  expect(Object.keys(await filesAt('old/main'))).toEqual(['data/a', 'data.dvc'])
  keep('two')
  await bring()
  expect(Object.keys(await filesAt('old/main'))).toEqual(['data/a', 'data/b'])
  describeData({ b: 'two' })
  await bring()
  expect(await filesAt('old/main')).toEqual({ 'data/b': sha256Of('two') })
  expect(await bring()).toMatchObject({ $kind: 'up-to-date' })
})

test('a file of DVC 2 keeps its line ends beside one of DVC 3 that has the same MD5', async () => {
  rmSync(join(git.dir, '.git'), { recursive: true })
  const md5 = createHash('md5').update('a\nb\n').digest('hex')
  const place = `${md5.slice(0, 2)}/${md5.slice(2)}`
  writeBelow(git.dir, `.dvc/cache/${place}`, 'a\r\nb\r\n')
  git.write('old.dvc', `outs:\n- md5: ${md5}\n  path: old\n`)
  git.write('new.dvc', `outs:\n- md5: ${md5}\n  hash: md5\n  path: new\n`)
  // DVC 3 hashes what is in the file: this is none of its own.
  await expect(bring()).rejects.toMatchObject({ code: 'IMPORT_OBJECT_CORRUPT' })
  writeBelow(git.dir, `.dvc/cache/files/md5/${place}`, 'a\nb\n')
  await bring()
  expect(await filesAt('old/main')).toEqual({ new: sha256Of('a\nb\n'), old: sha256Of('a\r\nb\r\n') })
})

describe('import of a plain folder', () => {
  test('goes where a link leads, and says what cannot be versioned', async () => {
    rmSync(join(git.dir, '.git'), { recursive: true })
    git.write('d/a', 'a')
    for (const name of ['d/pipe', 'd/pipe2']) execFileSync('mkfifo', [join(git.dir, name)])
    const link = `${git.dir}-link`
    symlinkSync(git.dir, link)
    try {
      const result = await importSource(to.workspace, { source: link, name: 'linked', author })
      expect(result).toMatchObject({ files: 1, leftOutCount: 0, warnings: [{ code: 'IMPORT_SPECIAL_FILES' }] })
      expect(result.warnings[0]!.message).toMatch(/^d\/pipe and 1 more left out: /)
      expect(await filesAt('linked/main')).toEqual({ 'd/a': sha256Of('a') })
      rmSync(link)
      symlinkSync('nowhere', link)
      expect(await codeOf(importSource(to.workspace, { source: link }))).toBe('IMPORT_SOURCE_MISSING')
    } finally {
      rmSync(link)
    }
  })

  test('makes a version, and later one of what changed', async () => {
    rmSync(join(git.dir, '.git'), { recursive: true })
    git.write('a', 'a')
    git.write('d/b', big('b'))
    expect(await bring({ message: 'as found' })).toMatchObject({ source: { kind: 'folder' }, commits: 1, files: 2 })
    expect(to.files()).toEqual({ a: 'a', 'd/b': big('b') })
    expect(await bring()).toMatchObject({ $kind: 'up-to-date', files: 0 })
    git.write('a', 'changed')
    git.remove('d')
    expect(await bring()).toMatchObject({ commits: 1, files: 1, branch: null })
    expect((await logOf(to.workspace, { revisions: ['old/main'] })).map(({ message }) => message)).toHaveLength(2)
    expect(await filesAt('old/main')).toEqual({ a: sha256Of('changed') })
    let text = ''
    for await (const piece of catFile(to.workspace, { revision: 'old/main~1', path: 'a' })) text += Buffer.from(piece)
    expect(text).toBe('a')
  })

  /** The workspace over a file system in which the source is another one, whose files say that they changed then. */
  function withSource(changedNs: bigint): Promise<typeof to.workspace> {
    const there = (path: string, stat: FileStat): FileStat =>
      path.startsWith(git.dir) && stat.kind === 'file'
        ? { ...stat, device: 1n, inode: 1n, mtimeNs: changedNs, ctimeNs: changedNs }
        : stat
    const fs: FileSystem = Object.create(nodeFs, {
      stat: { value: (path: string) => (nodeFs.stat(path) ? there(path, nodeFs.stat(path)!) : undefined) },
      quickStat: { value: undefined },
      open: {
        value(path: string, mode: OpenMode, options?: object) {
          const file = nodeFs.open(path, mode, options)
          return {
            stat: () => there(path, file.stat()),
            read: file.read.bind(file),
            write: file.write.bind(file),
            sync: file.sync.bind(file),
            close: file.close.bind(file),
          }
        },
      },
    })
    return openWorkspace(to.dir, { fs })
  }

  test('counts on no clock but that of the file system on which its files are', async () => {
    rmSync(join(git.dir, '.git'), { recursive: true })
    const nowNs = BigInt(Date.now()) * 1_000_000n
    const seen: string[] = []
    // Behind by ten seconds: a file that changes twice within a tick of it looks the same, and old.
    for (const ageNs of [10_000_000_000n, 2n * 86_400_000_000_000n]) {
      await using workspace = await withSource(nowNs - ageNs)
      for (const text of ['one', 'two']) {
        git.write('a', text)
        await importSource(workspace, { source: git.dir, name: `at-${ageNs}`, author })
      }
      for (const [path, id] of Object.entries(await filesAt(`at-${ageNs}/main`))) seen.push(`${path} ${id}`)
    }
    // What has been at rest for days by any clock is not read again.
    expect(seen).toEqual([`a ${sha256Of('two')}`, `a ${sha256Of('one')}`])
  })

  test('keeps what it knows of files apart from another import, whatever that is called', async () => {
    rmSync(join(git.dir, '.git'), { recursive: true })
    git.write('a', 'a')
    await bring({ name: 'x' })
    for (const name of ['x.stat', 'x.stat-recent']) {
      expect(await codeOf(forgetImport(to.workspace, name))).toBe('IMPORT_UNKNOWN')
      await bring({ name })
    }
    const other = new GitOracle(1_700_000_000_000, empty.dir)
    other.write('b', 'b')
    other.commitAll('b')
    await importSource(to.workspace, { source: other.dir, name: 'y.stat', author })
    await bring({ name: 'y' })
    other[Symbol.dispose]()
    await forgetImport(to.workspace, 'y')
    expect(readImportJournal(to.workspace, 'y.stat').size).toBe(1)
  })

  test('refuses what is no source, itself, and a name that a remote has', async () => {
    rmSync(join(git.dir, '.git'), { recursive: true })
    expect(await codeOf(bring({ source: `${git.dir}/none` }))).toBe('IMPORT_SOURCE_MISSING')
    expect(await codeOf(bring({ source: to.dir }))).toBe('IMPORT_SOURCE_OVERLAPS')
    const other = await temporaryWorkspace()
    expect(await codeOf(bring({ source: other.dir }))).toBe('IMPORT_SOURCE_FLOE')
    await other.close()
    await to.workspace.withLock('test', async () => {
      const remotes = { origin: { network: 'local', repository: `local:0x${'1'.repeat(64)}` } }
      await to.workspace.writeConfig({ ...to.workspace.readConfig(), remotes })
    })
    expect(await codeOf(bring({ name: 'origin' }))).toBe('IMPORT_NAME_REFUSED')
    expect(await codeOf(bring({ name: 'a/b' }))).toBe('IMPORT_NAME_REFUSED')
  })
})
