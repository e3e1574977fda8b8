/** What every remote verb is given by its caller, who alone knows the environment and the terminal. */

import type { KeySource } from '../ledger/keystore.ts'
import type { NetworkProfile } from '../ledger/networks.ts'
import type { OnProgress } from './progress.ts'

export type { KeySource } from '../ledger/keystore.ts'
export type { NetworkProfile } from '../ledger/networks.ts'

export interface RemoteOptions {
  /** Floe's data directory: keys and network profiles. */
  homeDir: string
  /** Profiles that win over the built-in ones and those of files; the running local network is given here. */
  networks?: readonly NetworkProfile[] | undefined
  /** Where the signing key is. None: on a local network a key of Floe's own, elsewhere a coded error. */
  key?: KeySource | undefined
  /** Ids of `floe` packages to be trusted besides those of the profile. */
  trustPackages?: readonly string[] | undefined
  /** False: neither take objects from the cache that the user's workspaces share, nor keep any there (default true). */
  useCache?: boolean | undefined
  /** Base address of an aggregator to read packs from instead of the storage nodes. Nothing it says is believed. */
  aggregator?: string | undefined
  /** Base address of an upload relay that encodes and sends packs. Its certificates are verified. */
  relay?: string | undefined
  onProgress?: OnProgress | undefined
  signal?: AbortSignal | undefined
  /** For tests: packs below this are brought object by object (default 4 MiB). */
  wholePackBytes?: number | undefined
  /** For tests: storage nodes and ledger are asked through this. */
  fetch?: typeof fetch | undefined
}
