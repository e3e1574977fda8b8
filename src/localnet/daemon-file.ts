/** `daemon.json`: how to reach the process that runs the network. Its owner only may read it: the token is in it. */

import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { writePrivateJson } from './state-file.ts'

const schema = v.object({
  pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
  controlUrl: v.pipe(v.string(), v.regex(/^http:\/\/127\.0\.0\.1:[0-9]{1,5}$/)),
  token: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
})

export type DaemonRecord = v.InferOutput<typeof schema>

const RECORD_FILE = 'daemon.json'

/** Folder of the network below Floe's data folder. */
export function networkDir(dataDir: string): string {
  return join(dataDir, 'localnet')
}

export function daemonLogPath(dir: string): string {
  return join(dir, 'daemon.log')
}

/** Undefined if no process has written one, or it cannot be read: it is replaced at the next start. */
export async function readDaemonRecord(dir: string): Promise<DaemonRecord | undefined> {
  try {
    const result = v.safeParse(schema, JSON.parse(await readFile(join(dir, RECORD_FILE), 'utf8')))
    return result.success ? result.output : undefined
  } catch {
    return undefined
  }
}

export async function writeDaemonRecord(dir: string, record: DaemonRecord): Promise<void> {
  await writePrivateJson(join(dir, RECORD_FILE), record)
}

export async function removeDaemonRecord(dir: string): Promise<void> {
  await rm(join(dir, RECORD_FILE), { force: true })
}
