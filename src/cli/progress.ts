/** Connects what a verb reports to what a person sees: an Ink view on a terminal, plain lines elsewhere. */

import type { OnProgress, ProgressEvent } from '../repo/progress.ts'
import type { Context } from './context.ts'
import { plainLine } from './output.ts'
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
  if (!output.fancy) return work(plainProgress((line) => output.status(line)))
  const painter = linePainter((text) => output.streams.stderr.write(text))
  try {
    return await work(painter.onProgress)
  } finally {
    painter.clear()
  }
}

/** A line that is not there for what is over soon, and is repainted ten times a second from then on. */
const PAINT_AFTER_MS = 500
const PAINT_INTERVAL_MS = 100

/** One line on a terminal, painted over itself and gone at the end. */
export function linePainter(
  write: (text: string) => void,
  now: () => number = Date.now,
): { onProgress: OnProgress; clear(): void } {
  const startedMs = now()
  let paintedMs: number | undefined
  return {
    onProgress(event) {
      const happened = milestone(event)
      if (happened !== undefined) write(`\r\x1b[K${plainLine(happened)}\n`)
      const at = now()
      if (at - startedMs < PAINT_AFTER_MS) return
      if (paintedMs !== undefined && at - paintedMs < PAINT_INTERVAL_MS) return
      const line = movingLine(event)
      if (line === undefined) return
      paintedMs = at
      write(`\r\x1b[K${plainLine(line)}`)
    },
    clear() {
      if (paintedMs !== undefined) write('\r\x1b[K')
    },
  }
}

/** Milestones at once; moving numbers at most every five seconds. */
export function plainProgress(write: (line: string) => void, now: () => number = Date.now): OnProgress {
  let last = now()
  return (event) => {
    const happened = milestone(event)
    if (happened !== undefined) return write(happened)
    if (now() - last < PLAIN_INTERVAL_MS) return
    const line = movingLine(event)
    if (line === undefined) return
    last = now()
    write(line)
  }
}

/** The line of an event that comes in streams; undefined for those that happen once. */
function movingLine(event: ProgressEvent): string | undefined {
  switch (event.$kind) {
    case 'uploading':
      return `uploading pack ${event.pack} of ${event.packs}: ${percent(event.doneBytes, event.totalBytes)}`
    case 'downloading':
      return `downloading: ${formatBytes(event.doneBytes)}${event.totalBytes > 0 ? ` of about ${formatBytes(event.totalBytes)}` : ''}`
    case 'staging':
      return `reading files: ${event.doneFiles} (${formatBytes(event.doneBytes)})`
    case 'importing':
      return `importing: ${event.doneCommits} of ${event.totalCommits} versions, ${event.doneFiles} files (${formatBytes(event.doneBytes)})`
    case 'checking-out':
      return `writing files: ${event.doneFiles} of ${event.totalFiles}`
    case 'verifying':
      return `verifying: ${event.doneObjects}${event.totalObjects > 0 ? ` of ${event.totalObjects}` : ''} objects`
    default:
      return undefined
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
