import { readdir, rm } from 'node:fs/promises'

/** A failed clone leaves no half workspace behind: the next try would find its folder taken.
 *  @param made - whether it made the folder; one that was there and empty is so again */
export async function discardClone(root: string, made: boolean): Promise<void> {
  if (made) return rm(root, { recursive: true, force: true })
  for (const name of await readdir(root)) await rm(`${root}/${name}`, { recursive: true, force: true })
}
