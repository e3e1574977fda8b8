/** An auditor who is given an address and nothing else: what is there, since when, and is it what the chain says it is? */

import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  add,
  clone,
  commit,
  commitStatement,
  exportPushLog,
  initWorkspace,
  listFiles,
  localNetworkProfile,
  logOf,
  openWorkspace,
  provenanceOfCommit,
  push,
  pushLogOf,
  type RemoteOptions,
  verifyRemote,
} from 'floe'
import { startLocalNetwork } from 'floe/localnet'

export interface AuditReport {
  checks: string[]
  files: number
  pushes: number
  statements: number
}

/** @param address - `NETWORK:OBJECT_ID`
 *  @param dir - empty folder for the auditor's copy and tables */
export async function audit(
  address: string,
  dir: string,
  remote: RemoteOptions,
  log: (line: string) => void,
): Promise<AuditReport> {
  const report = await verifyRemote(address, { ...remote, full: true })
  for (const check of report.checks) log(`${check.check}: ${check.detail} [${check.evidence}]`)

  // The file ids are plain SHA-256: any tool can check them against the files, without Floe.
  const copy = join(dir, 'copy')
  await clone(address, copy, remote)
  await using workspace = await openWorkspace(copy)
  let files = 0
  for await (const file of listFiles(workspace)) {
    const digest = createHash('sha256')
      .update(await readFile(join(copy, file.path)))
      .digest('hex')
    if (digest !== file.fileId) throw new Error(`${file.path} is not the file that was committed`)
    files++
  }
  log(`${files} files have the SHA-256 that the version names`)

  let statements = 0
  for (const version of await logOf(workspace))
    if ((await provenanceOfCommit(workspace, version)).statement) statements++
  log(`${statements} versions carry a statement about their tree and parents`)

  const pushes = await pushLogOf(copy, remote)
  const table = await exportPushLog(pushes.pushes, join(dir, 'pushes.parquet'), pushes)
  log(`${table.rows} pushes are in ${table.file}`)
  return { checks: report.checks.map((check) => check.check), files, pushes: table.rows, statements }
}

/** Publishes two versions, then audits them knowing only the address. */
export async function publishAndAudit(log: (line: string) => void): Promise<AuditReport> {
  const root = await mkdtemp(join(tmpdir(), 'floe-example-'))
  await using network = await startLocalNetwork({ dir: join(root, 'network'), sync: false })
  const remote: RemoteOptions = { homeDir: join(root, 'publisher'), networks: [localNetworkProfile(network)] }
  try {
    const dir = join(root, 'dataset')
    await initWorkspace(dir, {})
    let address = ''
    for (const [version, text] of ['a,b\n1,2\n', 'a,b\n1,2\n3,4\n'].entries()) {
      await writeFile(join(dir, 'table.csv'), text)
      await using workspace = await openWorkspace(dir)
      await add(workspace, { all: true })
      await commit(workspace, {
        message: `version ${version + 1}`,
        author: { name: 'Ada', email: '' },
        attachments: await commitStatement(dir),
      })
      const create = version === 0 ? { name: 'audited', network: 'local' } : undefined
      address = `local:${(await push(dir, { ...remote, create, yes: true })).repository}`
    }
    const room = join(root, 'auditor')
    await mkdir(room)
    return await audit(address, room, { ...remote, homeDir: join(root, 'auditor-home') }, log)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

if (import.meta.main) await publishAndAudit(console.log)
