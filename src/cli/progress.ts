/** Connects what a verb reports to what a person sees: an Ink view on a terminal, plain lines elsewhere. */

import type { OnProgress, ProgressEvent } from '../repo/progress.ts'
import type { Context } from './context.ts'
import { formatBytes, formatCount } from './text.ts'

/** Verbs that move data over the network get the Ink view; the others are over before it has loaded. */
const VIEWED = new Set(['push', 'pull', 'clone', 'fetch'])

/** Plain progress appears at most this often, so that logs stay short. */
const PLAIN_INTERVAL_MS = 5_000

export async function withProgress<T>(
  context: Context,
  title: string,
  work: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  const { output } = context
  if (output.json) return work(() => {})
  if (output.fancy && VIEWED.has(title)) {
    const { startProgressView } = await import('../tui/progress-view.ts')
    const view = startProgressView({ title, stream: output.streams.stderr as NodeJS.WriteStream })
    try {
      return await work(view.onProgress)
    } finally {
      await view.stop()
    }
  }
  return work(plainProgress((line) => output.status(line)))
}

/** Milestones at once; moving numbers at most every five seconds. */
export function plainProgress(write: (line: string) => void, now: () => number = Date.now): OnProgress {
  let last = now()
  const often = (line: () => string) => {
    if (now() - last < PLAIN_INTERVAL_MS) return
    last = now()
    write(line())
  }
  return (event) => {
    const line = milestone(event)
    if (line !== undefined) return write(line)
    switch (event.$kind) {
      case 'uploading':
        return often(
          () => `uploading pack ${event.pack} of ${event.packs}: ${percent(event.doneBytes, event.totalBytes)}`,
        )
      case 'downloading':
        return often(
          () =>
            `downloading: ${formatBytes(event.doneBytes)}${event.totalBytes > 0 ? ` of about ${formatBytes(event.totalBytes)}` : ''}`,
        )
      case 'checking-out':
        return often(() => `writing files: ${event.doneFiles} of ${event.totalFiles}`)
      case 'verifying':
        return often(() => `verifying: ${event.doneObjects} of ${event.totalObjects} objects`)
    }
  }
}

function percent(done: number, total: number): string {
  return total > 0 ? `${Math.floor((100 * done) / total)} %` : '0 %'
}

/** The line of an event that happens once; undefined for those that come in streams. */
export function milestone(event: ProgressEvent): string | undefined {
  switch (event.$kind) {
    case 'scanned':
      return `${formatCount(event.objects, 'object')} to send (${formatBytes(event.bytes)})`
    case 'packed':
      return `packed ${event.pack} of ${event.packs} (${formatBytes(event.packBytes)})`
    case 'encoded':
      return `encoded ${event.pack} of ${event.packs} as blob ${event.blobId} (${formatBytes(event.encodedBytes)} encoded)`
    case 'registered':
      return `registered ${formatCount(event.packs, 'pack')} on chain (${event.digest})`
    case 'uploaded':
      return `uploaded ${event.pack} of ${event.packs}: ${event.confirmedShards} of ${event.shards} shards confirmed`
    case 'certified':
      return `certified, and ${event.ref} moved (${event.digest})`
    case 'node-failed':
      return `node ${event.node} (${event.url}): ${event.reason}`
    default:
      return undefined
  }
}
