/** Several refs with one push, and several remotes with one fetch, as git users type it. */

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ensureLocalNetwork, stopLocalNetwork } from '../../src/localnet/daemon.ts'
import { localNetworkProfile } from '../../src/repo/local-profile.ts'
import { lyingPush } from '../e2e/lying-push.ts'
import { runCli } from './run-cli.ts'

let root = ''
let data = ''
let home = ''
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'floe-cli-several-'))
  data = join(root, 'data')
  home = join(root, 'home')
  mkdirSync(data)
  await floe('init', '.')
  await change('one')
})
afterAll(async () => {
  await stopLocalNetwork({ dataDir: home })
  rmSync(root, { recursive: true, force: true })
})

const floeIn = (cwd: string, ...args: string[]) => runCli(args, { cwd, env: { FLOE_HOME: home } })
const floe = (...args: string[]) => floeIn(data, ...args)
const json = async (...args: string[]) => JSON.parse((await floe(...args, '--json')).stdout)
const change = async (text: string) => {
  writeFileSync(join(data, 'a.txt'), `${text}\n`)
  await floe('commit', '-A', '--no-provenance', '-m', text)
}
const refsThere = async () => (await json('remote', 'show')).refs.map(({ name }: { name: string }) => name)

it('push sends all tags, or branches and tags by name, and asks the hook about each of them', async () => {
  expect(await json('push', '--tags', '--create', 'demo', '--yes')).toMatchObject({ error: { code: 'PUSH_NOTHING' } })
  await floe('tag', 'v1')
  await floe('branch', 'dev')
  const first = await floe('push', '--create', 'demo', '--yes', '--tags')
  expect(first.stdout).toMatch(/\ntags\/v1 {2}\(new\) → [0-9a-f]{12} {2}\d packs? certified\nrepository local:0x/)
  expect(await refsThere()).toEqual(['tags/v1'])

  const hook = join(data, '.floe', 'hooks', 'pre-push')
  mkdirSync(join(data, '.floe', 'hooks'), { recursive: true })
  writeFileSync(hook, `#!/bin/sh\necho "$@" > '${root}/asked'; cat >> '${root}/asked'\n`)
  chmodSync(hook, 0o755)
  const all = await json('push', 'origin', 'HEAD', 'refs/heads/dev', 'v1', '-u')
  rmSync(hook)
  expect(all).toMatchObject({ ok: true, standing: ['tags/v1'], refused: [] })
  expect(all.pushes.map(({ ref }: { ref: string }) => ref)).toEqual(['heads/dev', 'heads/main'])
  expect(all.undo).toContain('floe push --delete dev')
  const asked = readFileSync(join(root, 'asked'), 'utf8').split('\n')
  expect(asked[0]).toBe('origin heads/main heads/dev v1')
  expect(asked.slice(1, -1).map((line) => line.split(' ')[0])).toEqual([
    'refs/heads/main',
    'refs/heads/dev',
    'refs/tags/v1',
  ])
  expect((await floe('push', '--all')).stdout).toMatch(/^heads\/dev is up to date on .*\nheads\/main is up to date on/)
})

it('push --tags leaves a tag that is another version there, pushes the others, and says so', async () => {
  await change('two')
  await floe('tag', '-d', 'v1')
  await floe('tag', 'v1')
  await floe('tag', 'v2')
  const run = await floe('push', '--tags')
  expect(run).toMatchObject({ exitCode: 3, stdout: expect.stringMatching(/\ntags\/v2 {2}\(new\) →/) })
  expect(run.stderr).toContain('Warning: tags/v1 was not pushed: tag tags/v1 exists on the remote and never moves\n')
  expect(await refsThere()).toContain('tags/v2')
  await floe('tag', '-d', 'v2')
  expect(await json('push', '--tags')).toMatchObject({
    ok: false,
    pushes: [],
    refused: [{ ref: 'tags/v1', error: { code: 'TAG_IMMUTABLE' } }],
  })
  expect((await floe('push', '--tags')).exitCode).toBe(1)
})

it('push says what to type where git would take one name here and another there', async () => {
  const refused = async (word: string) => (await json('push', 'origin', word)).error
  expect(await refused('main:other')).toMatchObject({ code: 'REFSPEC_REFUSED' })
  expect((await refused('main:other')).hints[0]).toContain('`floe branch other main`, then push other')
  expect((await refused(':dev')).hints[0]).toContain('`floe push --delete dev`')
  expect((await refused('+main')).hints[0]).toContain('`floe push --force main`')
  expect((await json('push', 'orign')).error).toMatchObject({
    code: 'REF_UNKNOWN',
    hints: [expect.stringContaining('`floe remote`')],
  })
  expect(await json('push', 'origin', '--delete', 'dev', 'main')).toMatchObject({ error: { code: 'ARGUMENT_EXTRA' } })
})

it('fetch brings only the branches and tags that are named', async () => {
  const address = (await json('remote', 'list')).remotes[0].repository
  await floe('remote', 'add', 'part', `local:${address}`)
  expect((await floe('fetch', 'part', 'dev')).stdout).toMatch(/^ {2}heads\/dev {2}\(new\) → [0-9a-f]{12}\n$/)
  expect((await json('fetch', 'part', 'dev', 'refs/heads/main')).updated).toMatchObject([{ ref: 'heads/main' }])
  expect(await json('fetch', 'part', 'main', 'dve')).toMatchObject({ error: { code: 'REMOTE_REF_UNKNOWN' } })
  await floe('remote', 'remove', 'part')
})

it('fetch, pull, clone and mirror go on without a branch that cannot be read, and name it', async () => {
  const { repository } = (await json('remote', 'list')).remotes[0]
  const reader = join(root, 'reader')
  await floe('clone', `local:${repository}`, reader)
  const read = (...args: string[]) => floeIn(reader, ...args)
  await floe('switch', '-c', 'beside')
  await change('beside')
  // Its objects are sent by nobody.
  const lease = await ensureLocalNetwork({ dataDir: home })
  const options = { homeDir: home, networks: [localNetworkProfile(lease.info)] }
  await lyingPush(data, repository, { options, ref: 'heads/beside', branch: 'beside', segments: [] })
  await lease.release()
  await floe('switch', 'main')
  const warning =
    /Warning: heads\/beside cannot be read there, and stays as it is here: the remote's packs lack commit /
  const fetched = await read('fetch')
  expect(fetched).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(warning) })
  expect(`${fetched.stdout}${fetched.stderr}`).toContain('ask them to push again')
  const unread = [{ ref: 'heads/beside', error: { code: 'REMOTE_TIP_INCOMPLETE' } }]
  expect(JSON.parse((await read('fetch', '--json')).stdout)).toMatchObject({ ok: false, unread })
  expect(await read('pull')).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(warning) })
  const copy = join(root, 'copy')
  expect(await floe('clone', `local:${repository}`, copy)).toMatchObject({
    exitCode: 0,
    stderr: expect.stringMatching(warning),
  })
  const mirrored = await read('mirror', join(root, 'mirror'))
  expect(mirrored).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(warning) })
  expect(`${mirrored.stdout}${mirrored.stderr}`).toContain('ask them to push again')
  expect((await read('mirror', join(root, 'mirror'))).stdout).toBe('Nothing is new of what can be read\n')
  expect((await read('fetch', 'origin', 'beside')).exitCode).toBe(13)
  expect((await floe('push', '--delete', '--force', 'beside')).exitCode).toBe(0)
  expect((await read('fetch')).exitCode).toBe(0)
})

it('fetch --all asks every remote, goes on after one that fails, and names it', async () => {
  const address = (await json('remote', 'list')).remotes[0].repository
  await floe('remote', 'add', 'broken', 'local:0x1')
  await floe('remote', 'add', 'same', `local:${address}`)
  const run = await floe('fetch', '--all')
  expect(run.exitCode).toBe(3)
  expect(run.stdout).toMatch(
    /^From origin\n {2}tags\/v2 .*\nFrom same\n {2}heads\/dev {2}\(new\) → [0-9a-f]{12}\n {2}heads\/main /,
  )
  expect(run.stderr).toContain('Warning: broken was not fetched: ')
  expect(await json('fetch', '--all')).toMatchObject({
    ok: false,
    remotes: [{ remote: 'origin' }, { remote: 'same' }],
    failed: [{ remote: 'broken', error: { message: expect.any(String) } }],
  })
  // Where all fail for the same reason, that is the exit status.
  const alone = await floe('fetch', 'broken')
  await floe('remote', 'remove', 'same')
  await floe('remote', 'remove', 'origin')
  expect((await floe('fetch', '--all')).exitCode).toBe(alone.exitCode)
  expect(alone.exitCode).not.toBe(0)
  await floe('remote', 'remove', 'broken')
  expect(await floe('fetch', '--all')).toMatchObject({ exitCode: 0, stdout: 'This workspace has no remotes\n' })
  expect(await json('fetch', '--all', 'origin')).toMatchObject({ error: { code: 'OPTIONS_EXCLUSIVE' } })
})
