/** The remote verbs as a user and a script meet them, against a local network that the first command starts. */

import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TESTNET } from '../../src/ledger/networks.ts'
import { stopLocalNetwork } from '../../src/localnet/daemon.ts'
import { createPushJournal } from '../../src/transfer/push-journal.ts'
import { smoke } from '../smoke/smoke.ts'
import { runCli } from './run-cli.ts'
import { type } from './take-back.ts'

let root = ''
let data = ''
let home = ''
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'floe-cli-net-'))
  data = join(root, 'data')
  home = join(root, 'home')
  mkdirSync(data)
  await floe(data, 'init', '.')
  writeFileSync(join(data, 'a.txt'), 'one\n')
  await floe(data, 'add', '.')
  await floe(data, 'commit', '-m', 'first')
})
afterAll(async () => {
  await stopLocalNetwork({ dataDir: home })
  rmSync(root, { recursive: true, force: true })
})

const floe = (cwd: string, ...args: string[]) => runCli(args, { cwd, env: { FLOE_HOME: home } })
const json = async (cwd: string, ...args: string[]) => {
  const run = await floe(cwd, ...args, '--json')
  expect(run.stdout.trimEnd().split('\n'), args.join(' ')).toHaveLength(1)
  return JSON.parse(run.stdout)
}

describe('the life of a repository', () => {
  it('asks a script for the name of the repository instead of guessing one', async () => {
    const run = await floe(data, 'push')
    expect(run.exitCode).toBe(2)
    expect(run.stderr).toContain('--create NAME --yes')
  })

  it('prints the cost before anything is spent, here and on mainnet', async () => {
    const run = await floe(data, 'push', '--dry-run', '--create', 'words')
    expect(run.exitCode).toBe(0)
    expect(run.stdout).toMatch(
      /new after dedup .*\npacks .*encoded\ncost here .* WAL.*SUI.*\non mainnet .*WAL.*epochs.*\nkept until .*epoch \d+, \d{4}-\d\d-\d\d\n/,
    )
    const plan = await json(data, 'push', '--dry-run', '--create', 'words')
    expect(plan).toMatchObject({ ok: true, $kind: 'dry-run', cost: { packs: 2, newObjects: expect.any(Number) } })
  })

  it('says what an attempt has paid for, and how to go on or give up', async () => {
    const journal = await createPushJournal(join(data, '.floe', 'pushes'), Date.now())
    const tip = (await json(data, 'log')).commits[0].commit
    const started = { network: 'local', repository: null, ref: 'heads/main', old: null, timeMs: Date.now() }
    await journal.record({ $kind: 'started', ...started, new: tip })
    await journal.record({ $kind: 'creating', name: 'words', digest: 'x' })
    await journal.record({ $kind: 'encoded', blobId: 'B', rootHash: '', blobBytes: 1000, kind: 'data' })
    await journal.record({ $kind: 'registered', blobId: 'B', objectId: '0x1', endEpoch: 9, digest: null })
    await journal.close()
    const status = await floe(data, 'push', '--status')
    expect(status.stdout).toMatch(/ {2}B {2}data {2}1\.00 kB {2}registered/)
    expect(status.stderr).toMatch(/`floe push --create words main` goes on[\s\S]*floe push --abort/)
    const plan = await floe(data, 'push', '--dry-run', '--create', 'words')
    expect(plan.stderr).toContain('an attempt at this push has paid for 1 pack (1.00 kB)')
    expect((await floe(data, 'push', '--resume', '--dry-run', '--create', 'words')).stderr).toBe(plan.stderr)
    expect(await floe(data, 'push', '--resume', '--abort')).toMatchObject({ exitCode: 2 })
    rmSync(journal.path)
    expect((await floe(data, 'push', '--dry-run', '--create', 'words')).stderr).not.toContain('attempt')
  })

  it('pushes, shows, clones and verifies', async () => {
    const pushed = await json(data, 'push', '--create', 'words', '--yes')
    expect(pushed).toMatchObject({ ok: true, $kind: 'pushed', ref: 'heads/main', old: null })
    const shown = await json(data, 'remote', 'show')
    expect(shown).toMatchObject({
      network: 'local',
      repository: pushed.repository,
      refs: [{ name: 'heads/main', commit: pushed.new }],
    })
    expect(await json(data, 'push')).toMatchObject({ ok: true, $kind: 'up-to-date' })
    // A slip of the finger makes no second repository, and what was asked for is not passed over in silence.
    expect(await json(data, 'push', '--remote', 'orgin')).toMatchObject({
      ok: false,
      error: { code: 'REMOTE_MISSING', data: { known: ['origin'] } },
    })
    expect(await json(data, 'push', '--network', 'testnet')).toMatchObject({
      ok: false,
      error: { code: 'REMOTE_ELSEWHERE', data: { remote: 'origin', network: 'local' } },
    })
    expect((await floe(data, 'push', '--create', 'others')).stderr).toContain(
      'origin is there already: nothing is created',
    )

    expect(await json(root, 'clone', `local:${pushed.repository}@nope`, 'none')).toMatchObject({
      error: { code: 'REVISION_UNKNOWN', hints: ['the repository has heads/main'] },
    })
    // A name may have dots.
    await floe(data, 'remote', 'add', 'up.stream', `local:${pushed.repository}`)
    expect(await json(data, 'fetch', 'up.stream')).toMatchObject({ ok: true, remote: 'up.stream' })
    await floe(data, 'remote', 'remove', 'up.stream')
    // Where nothing is named, the only remote is meant, whatever it is called, or the one that the branch follows.
    await floe(data, 'remote', 'rename', 'origin', 'up')
    expect(await json(data, 'push')).toMatchObject({ ok: true, $kind: 'up-to-date' })
    expect(await json(data, 'fetch')).toMatchObject({ ok: true, remote: 'up' })
    await floe(data, 'remote', 'add', 'origin', 'local:0x1')
    // As git users type it.
    const upstream = await floe(data, 'push', '-u', 'up', 'main')
    expect(upstream.stdout).toMatch(/is up to date on[^\n]*\nmain follows up\/main\n/)
    expect(await json(data, 'push', 'up')).toMatchObject({ ok: true, $kind: 'up-to-date', ref: 'heads/main' })
    expect(await json(data, 'push', 'up', 'main', '--remote', 'origin')).toMatchObject({
      error: { code: 'OPTIONS_EXCLUSIVE' },
    })
    await floe(data, 'branch', '-u', 'up/trunk')
    expect((await floe(data, 'push', 'main', '-n')).stderr).toContain(
      'main follows up/trunk, and this push moves main of up',
    )
    const followed = await json(data, 'push', '-u')
    expect(followed.undo).toEqual(['floe branch main -u up/trunk'])
    expect(await json(data, 'pull')).toMatchObject({ ok: true, $kind: 'up-to-date', remote: 'up' })
    expect(await json(data, 'remote', 'show')).toMatchObject({ ok: true, name: 'up' })
    await floe(data, 'remote', 'remove', 'origin')
    await floe(data, 'remote', 'rename', 'up', 'origin')
    // An option that takes one value leaves the address alone.
    const cloned = await floe(root, 'clone', '--trust-package', '0x1', `local:${pushed.repository}`, 'copy')
    expect((await floe(join(root, 'copy'), 'drop', 'a.txt')).stdout).toMatch(/^Dropped 1 file/)
    const again = await floe(join(root, 'copy'), 'drop', '--json', 'a.txt')
    expect(again.stdout).not.toContain('floe get')
    await floe(join(root, 'copy'), 'get', 'a.txt')
    expect(cloned.exitCode).toBe(0)
    expect(readFileSync(join(root, 'copy', 'a.txt'), 'utf8')).toBe('one\n')
    // What has come so far of an export is said to be there.
    mkdirSync(join(root, '.out.floe-partial', 'files'), { recursive: true })
    const cutOff = await floe(root, 'pull', `local:${pushed.repository}`, '--to', 'out', '--ref', 'nope')
    expect(cutOff.exitCode).toBeGreaterThan(0)
    expect(cutOff.stderr).toContain('out has not appeared; what has come so far is in')
    rmSync(join(root, '.out.floe-partial'), { recursive: true })
    const verified = await floe(join(root, 'copy'), 'verify', '--full')
    expect(verified).toMatchObject({ exitCode: 0 })
    expect(verified.stdout).toMatch(/^ok {2}.*\[.*\]$/m)
    expect(await json(root, 'verify', `local:${pushed.repository}`)).toMatchObject({ ok: true, commit: pushed.new })
  })

  it('times what the network gives: of the workspace around, else of where new repositories go', async () => {
    const few = ['--requests', '1', '--rows', '1']
    const here = await json(data, 'bench', 'network', ...few)
    expect(here).toMatchObject({ ok: true, network: 'local', blobId: expect.any(String) })
    const elsewhere = await json(root, 'bench', 'network', ...few)
    expect(elsewhere).toMatchObject({ ok: true, network: 'local', blobId: null })
    const told = await floe(data, 'bench', 'network', ...few)
    expect(told.stdout).toMatch(/^ledger {2}median .*\nnode {5}shards/)
    expect(told.stdout).toMatch(/^all nodes together {2}.*B\/s$/m)
    expect((await floe(data, 'bench', 'network', '--rows', '0')).exitCode).toBe(2)
  })

  it('says what the local network is, with every id that a client needs', async () => {
    const status = await json(root, 'localnet', 'status')
    const id = expect.stringMatching(/^0x[0-9a-f]{64}$/)
    const url = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(status).toMatchObject({
      running: true,
      rpcUrl: url,
      faucetUrl: url,
      systemObjectId: id,
      stakingObjectId: id,
      walPackageId: id,
      walrusPackageId: id,
      floePackageId: id,
    })
    expect(status.nodes).toHaveLength(13)
  })

  it('refuses a stale push, says what to do next, and loses nothing', async () => {
    const copy = join(root, 'copy')
    writeFileSync(join(copy, 'b.txt'), 'two\n')
    await floe(copy, 'add', '.')
    await floe(copy, 'commit', '-m', 'from the copy')
    expect((await floe(copy, 'push')).exitCode).toBe(0)

    writeFileSync(join(data, 'c.txt'), 'three\n')
    await floe(data, 'add', '.')
    const { commit } = await json(data, 'commit', '-m', 'from the first')
    const stale = await floe(data, 'push')
    expect(stale.exitCode).not.toBe(0)
    expect(stale.stderr).toMatch(/Hint: .*floe pull/)
    expect((await json(data, 'log')).commits[0].commit).toBe(commit)

    const pulled = await json(data, 'pull')
    expect(pulled).toMatchObject({ ok: true, $kind: 'merged' })
    expect(readFileSync(join(data, 'b.txt'), 'utf8')).toBe('two\n')
    expect(readFileSync(join(data, 'c.txt'), 'utf8')).toBe('three\n')
    expect((await floe(data, 'push')).exitCode).toBe(0)
    expect(await json(copy, 'pull')).toMatchObject({ ok: true, $kind: 'fast-forward' })
  })

  it('lists the paths that changed on both sides, and changes nothing', async () => {
    const copy = join(root, 'copy')
    writeFileSync(join(copy, 'a.txt'), 'theirs\n')
    await floe(copy, 'commit', '-a', '-m', 'theirs')
    expect((await floe(copy, 'push')).exitCode).toBe(0)
    writeFileSync(join(data, 'a.txt'), 'ours\n')
    await floe(data, 'commit', '-a', '-m', 'ours')
    expect(await json(data, 'pull', '--ff-only')).toMatchObject({ error: { code: 'MERGE_NOT_FAST_FORWARD' } })
    expect(await json(data, 'pull', '--ff-only', '--rebase')).toMatchObject({ error: { code: 'OPTIONS_EXCLUSIVE' } })
    const run = await floe(data, 'pull')
    expect(run.exitCode).not.toBe(0)
    expect(run.stderr).toContain('a.txt')
    expect(readFileSync(join(data, 'a.txt'), 'utf8')).toBe('ours\n')
  })

  it('writes the push log as a table that other readers open', async () => {
    const run = await floe(join(root, 'copy'), 'log', '--parquet', 'pushes.parquet')
    expect(run).toMatchObject({ exitCode: 0, stdout: 'Wrote 4 pushes to pushes.parquet\n' })
    const bytes = readFileSync(join(root, 'copy', 'pushes.parquet'))
    const rows = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    })
    expect(rows.map((row) => [Number(row.number), row.ref, row.forced])).toEqual(
      [0, 1, 2, 3].map((n) => [n, 'refs/heads/main', false]),
    )
  })

  it('pulls paths, named alone or after a remote and a branch', async () => {
    const copy = join(root, 'copy')
    const there = () => existsSync(join(copy, 'a.txt'))
    const writer = join(root, 'writer')
    const { network, repository } = await json(copy, 'remote', 'show')
    await floe(root, 'clone', `${network}:${repository}`, writer)
    await floe(copy, 'reset', '--hard', 'origin/main')
    await floe(copy, 'pull')
    for (const words of [['a.txt'], ['--', 'a.txt'], ['origin', 'main', 'a.txt'], ['origin', '--', 'a.txt']]) {
      await floe(copy, 'drop', 'a.txt')
      expect(there()).toBe(false)
      expect(await floe(copy, 'pull', ...words), words.join(' ')).toMatchObject({
        exitCode: 0,
        stdout: 'Already up to date\nBrought a.txt\n',
      })
      expect(there()).toBe(true)
    }
    // Also below where one is, and together with what is new.
    await floe(copy, 'drop', 'a.txt')
    mkdirSync(join(copy, 'sub'))
    writeFileSync(join(writer, 'b.txt'), 'b\n')
    await floe(writer, 'commit', '-A', '-m', 'with b')
    await floe(writer, 'push')
    const pulled = await floe(join(copy, 'sub'), 'pull', '../a.txt')
    expect(pulled.stdout).toMatch(/^Fast-forwarded .*\nBrought \.\.\/a\.txt\n$/)
    expect(there()).toBe(true)
    const unknown = await floe(copy, 'pull', 'nowhere')
    expect(unknown.exitCode).toBe(2)
    expect(unknown.stderr).toContain('no remote called "nowhere"')
    expect(unknown.stderr).toContain('`floe pull -- PATH`')
  })

  it('gives and takes write access by address', async () => {
    const { address } = await json(data, 'key', 'generate', '--alias', 'guest')
    expect(await json(data, 'key', 'list')).toMatchObject({
      keys: expect.arrayContaining([expect.objectContaining({ alias: 'guest', address })]),
    })
    expect(await json(data, 'access', 'grant', address)).toMatchObject({
      changed: true,
      undo: [`floe access revoke ${address} --role writer`],
    })
    // To take back what was so before would take it away.
    const again = await floe(data, 'access', 'grant', address)
    expect(again).toMatchObject({ exitCode: 0, stdout: `${address} was already writer\n` })
    expect(again.stderr).not.toContain('undo')
    const granted = await floe(data, 'access', 'list')
    expect(granted.stdout).toContain(address)
    expect((await floe(data, 'access', 'revoke', address)).exitCode).toBe(0)
    expect((await floe(data, 'access', 'list')).stdout).not.toMatch(new RegExp(`${address}.*writer`))
  })

  it('gives test money', async () => {
    const run = await floe(data, 'faucet')
    expect(run.exitCode).toBe(0)
    expect(run.stdout).toMatch(/^0x[0-9a-f]{64} received .* SUI and .* WAL\n$/)
  })

  it('shows what a key has, and says of other networks that none is chosen', async () => {
    const own = await floe(data, 'wallet')
    expect(own).toMatchObject({ exitCode: 0 })
    expect(own.stdout).toMatch(/^local {2}0x[0-9a-f]{64} {2}[\d.]+ SUI {2}[\d.]+ WAL\n$/)
    expect(own.stderr).toContain('floe faucet')
    const other = await floe(data, 'wallet', '--network', 'testnet')
    expect(other).toMatchObject({ exitCode: 14 })
    expect(other.stderr).toContain('floe key use')
    const chosen = await json(data, 'key', 'use', 'guest')
    expect(chosen.undo).toEqual(['floe key use --none'])
    expect(await json(data, 'key', 'show', '--network', 'testnet')).toMatchObject({ address: chosen.address })
    expect((await json(data, 'key', 'show')).address).not.toBe(chosen.address)
    expect((await floe(data, 'key', 'use', 'guest', '--none')).exitCode).toBe(2)
    expect((await floe(data, 'key', 'use', '--sui-cli', '--sui-config', data)).stderr).toContain('client.yaml')
    expect(await json(data, 'key', 'use', '--none')).toMatchObject({ choice: null, undo: ['floe key use guest'] })
  })

  it('publishes the contract again only when told to, and lists where new repositories go', async () => {
    const refused = await floe(data, 'deploy', '--network', 'local')
    expect(refused).toMatchObject({ exitCode: 2 })
    expect(refused.stderr).toContain('floe deploy --again')
    const unpublished = await floe(data, 'package', 'show', '--network', 'local')
    expect(unpublished).toMatchObject({ exitCode: 2 })
    expect(unpublished.stderr).toContain('no floe package was published on local from here')
    const plan = await floe(data, 'deploy', '--again', '--dry-run')
    expect(plan.stdout).toMatch(/^20 modules, .*, published by 0x[0-9a-f]{64}\ncosts about [\d.]+ SUI on local\n$/)
    expect((await floe(data, 'network', 'check')).stdout).toMatch(/^ok +floe .*the code of this Floe$/m)
    expect((await floe(data, 'network', 'use', 'testnet')).stderr).toContain('undo with `floe network use local`')
    expect((await floe(data, 'network', 'list')).stdout).toMatch(/^testnet \* +https.*$/m)
    expect((await floe(data, 'network', 'use', 'nowhere')).exitCode).toBe(2)
    expect((await floe(data, 'network', 'use', 'local')).exitCode).toBe(0)
  })

  it('is looked over by doctor, network and all', async () => {
    const report = await json(data, 'doctor')
    expect(report.findings).toContainEqual(
      expect.objectContaining({ check: 'network', state: 'ok', detail: expect.stringMatching(/^local: 13 nodes/) }),
    )
    expect(
      (await json(data, 'doctor', '--offline')).findings.map(({ check }: { check: string }) => check),
    ).not.toContain('network')
    chmodSync(join(home, 'keys', 'guest.key'), 0o644)
    const exposed = await floe(data, 'doctor', '--offline')
    expect(exposed.exitCode).toBe(1)
    expect(exposed.stderr).toMatch(/keys: Run `chmod 600/)
    chmodSync(join(home, 'keys', 'guest.key'), 0o600)
  })

  it('passes a smoke test, which names what fails where a network does not answer', async () => {
    const lines: string[] = []
    const run = (network: string) =>
      smoke({ network, maxWal: '0.1', env: { ...process.env, FLOE_HOME: home }, print: (line) => lines.push(line) })
    expect(await run('local'), lines.join('\n')).toBe(0)
    expect(lines.at(-1)).toMatch(/^all seen on local in [\d.]+ s$/)
    mkdirSync(join(home, 'networks'))
    const dead = { ...TESTNET, name: 'dead', rpcUrl: 'http://127.0.0.1:9' }
    writeFileSync(join(home, 'networks', 'dead.json'), JSON.stringify(dead))
    lines.length = 0
    expect(await run('dead')).toBe(14)
    expect(lines).toEqual([
      expect.stringMatching(/^failed {2}floe network check .*cannot be reached \(LEDGER_UNREACHABLE\)$/),
    ])
  })

  it('stops at once when told to', async () => {
    expect(await floe(root, 'localnet', 'down')).toMatchObject({ exitCode: 0, stdout: 'Stopped; its state stays\n' })
    expect(await json(root, 'localnet', 'status')).toMatchObject({ running: false })
  })

  it('takes a push back by what it prints, as far as that can be', async () => {
    const copy = join(root, 'copy')
    const refs = async () => (await json(copy, 'remote', 'show')).refs.map(({ commit }: { commit: string }) => commit)
    const before = await refs()
    writeFileSync(join(copy, 'd.txt'), 'four\n')
    await floe(copy, 'commit', '-A', '-m', 'to be taken back')
    const { commits } = await json(copy, 'log')
    writeFileSync(join(copy, 'd.txt'), 'staged\n')
    await floe(copy, 'add', 'd.txt')
    const { undo, notUndone } = await json(copy, 'push')
    expect(notUndone).toEqual([expect.stringMatching(/^what was sent can be read .* paid for until \d{4}-\d\d-\d\d; /)])
    expect(await refs()).not.toEqual(before)
    for (const line of undo) expect((await type(copy, line, { FLOE_HOME: home })).exitCode, line).toBe(0)
    expect(await refs()).toEqual(before)
    expect((await json(copy, 'log')).commits).toEqual(commits)
    expect((await json(copy, 'status')).staged).toMatchObject([{ path: 'd.txt' }])
    // From another branch, too.
    await floe(copy, 'push')
    await floe(copy, 'branch', 'other', 'main')
    await floe(copy, 'switch', 'other')
    const again = await json(copy, 'push', '--force', 'main', '--dry-run')
    expect(again).not.toHaveProperty('undo')
    for (const line of ['floe branch -f main HEAD~1', 'floe push -f main']) await type(copy, line, { FLOE_HOME: home })
    await floe(copy, 'branch', '-f', 'main', 'other')
    const more = await json(copy, 'push', 'main')
    for (const line of more.undo) expect((await type(copy, line, { FLOE_HOME: home })).exitCode, line).toBe(0)
    expect(await refs()).toEqual(before)
    const published = await json(copy, 'push', 'other')
    const names = async () => (await json(copy, 'remote', 'show')).refs.map(({ name }: { name: string }) => name)
    const all = await names()
    expect(published.undo).toEqual(['floe push --delete other'])
    const gone = await json(copy, ...published.undo[0].split(' ').slice(1))
    expect(gone).toMatchObject({ ok: true, $kind: 'deleted', undo: ['floe push other'] })
    expect(all).toEqual([...(await names()), 'heads/other'].sort())
    expect((await type(copy, gone.undo[0], { FLOE_HOME: home })).exitCode).toBe(0)
    // Where the branch here is elsewhere, or is not there, it is lent what is pushed.
    await floe(copy, 'reset', '--soft', 'HEAD~1')
    const lent = await json(copy, 'push', '-d', 'origin', 'other')
    expect(lent.undo).toHaveLength(3)
    for (const line of lent.undo) expect((await type(copy, line, { FLOE_HOME: home })).exitCode, line).toBe(0)
    expect(await names()).toEqual(all)
    await floe(copy, 'reset', '--soft', lent.old)
    await floe(copy, 'switch', 'main')
    await floe(copy, 'branch', '-f', '-d', 'other')
    const absent = await json(copy, 'push', 'origin', '--delete', 'other')
    for (const line of absent.undo) expect((await type(copy, line, { FLOE_HOME: home })).exitCode, line).toBe(0)
    expect(await names()).toEqual(all)
    expect(await json(copy, 'push', '-d', 'origin')).toMatchObject({ error: { code: 'ARGUMENT_MISSING' } })
    expect(await json(copy, 'push', '-d', 'none')).toMatchObject({ error: { code: 'REMOTE_REF_UNKNOWN' } })
    await floe(copy, 'tag', 'good')
    expect((await json(copy, 'push', 'good')).notUndone[0]).toContain('published for good')
  })
})
