import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readCodeLineage, withoutCredentials } from '../../src/provenance/code-lineage.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'floe-git-'))
})
afterEach(() => rm(dir, { recursive: true }))

const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.org', ...args], {
    cwd: dir,
    encoding: 'utf8',
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
  }).trim()

async function repository(): Promise<string> {
  git('init', '-q', '-b', 'work')
  await writeFile(join(dir, 'train.py'), 'print(1)\n')
  await mkdir(join(dir, 'data', '.floe'), { recursive: true })
  await writeFile(join(dir, 'data', '.floe', 'config.json'), '{}')
  git('add', 'train.py')
  git('commit', '-q', '-m', 'one')
  git('remote', 'add', 'origin', 'https://user:token@example.org/team/code.git')
  return git('rev-parse', 'HEAD')
}

describe('code lineage', () => {
  it('records revision, branch, remote without its credentials, and the folder', async () => {
    const revision = await repository()
    expect(await readCodeLineage(join(dir, 'data'))).toEqual({
      revision,
      branch: 'work',
      dirty: false,
      remote: 'https://example.org/team/code.git',
      prefix: 'data',
    })
  })

  it('says dirty for changed and for untracked files, and knows a detached HEAD', async () => {
    const revision = await repository()
    await writeFile(join(dir, 'train.py'), 'print(2)\n')
    expect(await readCodeLineage(dir)).toMatchObject({ dirty: true, prefix: '' })
    git('checkout', '-q', '-f', revision)
    expect(await readCodeLineage(dir)).toMatchObject({ dirty: false, branch: null })
    await writeFile(join(dir, 'new.py'), '')
    expect(await readCodeLineage(dir)).toMatchObject({ dirty: true })
  })

  it('is null outside a work tree and before the first revision', async () => {
    expect(await readCodeLineage(dir)).toBeNull()
    git('init', '-q')
    expect(await readCodeLineage(dir)).toBeNull()
  })

  it('runs no program that the repository configures', async () => {
    await repository()
    const mark = join(dir, 'ran')
    const script = join(dir, 'hook.sh')
    await writeFile(script, `#!/bin/sh\ntouch '${mark}'\n`)
    await chmod(script, 0o755)
    for (const key of ['core.fsmonitor', 'core.sshCommand', 'core.pager', 'core.editor']) git('config', key, script)
    await mkdir(join(dir, 'hooks'))
    for (const hook of ['post-index-change', 'post-checkout', 'fsmonitor-watchman'])
      await writeFile(join(dir, 'hooks', hook), `#!/bin/sh\ntouch '${mark}'\n`, { mode: 0o755 })
    git('config', 'core.hooksPath', join(dir, 'hooks'))
    git('config', 'filter.evil.clean', `touch '${mark}'; cat`)
    await writeFile(join(dir, '.gitattributes'), '*.py filter=evil\n')
    await writeFile(join(dir, 'train.py'), 'print(3)\n')
    expect(await readCodeLineage(dir)).toMatchObject({ branch: 'work', dirty: true })
    expect(existsSync(mark)).toBe(false)
  })

  it('takes credentials out of every form of address', () => {
    expect(withoutCredentials('https://u:p@h.example/x.git?token=1#y')).toBe('https://h.example/x.git')
    expect(withoutCredentials('git@example.org:team/code.git')).toBe('git@example.org:team/code.git')
    expect(withoutCredentials('ssh://git@example.org/x')).toBe('ssh://example.org/x')
    expect(withoutCredentials('file:///home/me/secret')).toBe('file:')
  })
})
