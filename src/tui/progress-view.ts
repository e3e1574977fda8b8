/** The Ink view of push, pull and clone: one line per phase, redrawn in place on stderr, gone into a last frame at the end.
 *  Loaded by dynamic import only, because Ink and React cost 300 ms. */

import { Box, render, Text } from 'ink'
import { createElement as h, type ReactNode, useSyncExternalStore } from 'react'
import { formatBytes } from '../base/quantity.ts'
import type { OnProgress } from '../repo/progress.ts'
import { EMPTY_STATE, type Phase, type ProgressState, reduceProgress } from './progress-state.ts'

const BAR_CELLS = 24
const FULL = '█'
const EMPTY = '░'
/** Redraws per second; more only burns the CPU that encodes. */
const FRAMES_PER_SECOND = 10

interface Store {
  state: ProgressState
  startedMs: number
  subscribe(listener: () => void): () => void
}

export interface ProgressView {
  onProgress: OnProgress
  stop(): Promise<void>
}

export function startProgressView(options: {
  title: string
  stream: NodeJS.WriteStream
  now?: () => number
}): ProgressView {
  const now = options.now ?? Date.now
  const listeners = new Set<() => void>()
  const store: Store = {
    state: EMPTY_STATE,
    startedMs: now(),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const app = render(h(ProgressPanel, { store, title: options.title, now }), {
    stdout: options.stream,
    stderr: options.stream,
    patchConsole: false,
    exitOnCtrlC: false,
  })
  let scheduled: NodeJS.Timeout | undefined
  const redraw = () => {
    scheduled = undefined
    for (const listener of listeners) listener()
  }
  return {
    onProgress(event) {
      store.state = reduceProgress(store.state, event)
      scheduled ??= setTimeout(redraw, 1000 / FRAMES_PER_SECOND)
    },
    async stop() {
      clearTimeout(scheduled)
      redraw()
      app.unmount()
      await app.waitUntilExit()
    },
  }
}

function ProgressPanel(props: { store: Store; title: string; now: () => number }): ReactNode {
  const state = useSyncExternalStore(props.store.subscribe, () => props.store.state)
  const seconds = (props.now() - props.store.startedMs) / 1000
  return h(
    Box,
    { flexDirection: 'column' },
    ...[...state.phases].map(([key, phase]) => h(PhaseLine, { key, phase, seconds })),
    ...state.badNodes.map((bad) => h(Text, { key: bad.node, color: 'yellow' }, `  ! ${bad.node}: ${bad.reason}`)),
  )
}

function PhaseLine(props: { phase: Phase; seconds: number }): ReactNode {
  const { phase } = props
  const share = phase.total > 0 ? phase.done / phase.total : 0
  const cells = Math.round(share * BAR_CELLS)
  return h(
    Text,
    null,
    h(Text, { color: phase.finished ? 'green' : 'cyan' }, phase.finished ? '✔ ' : '● '),
    phase.label.padEnd(14),
    ' ',
    h(Text, { color: phase.finished ? 'green' : 'cyan' }, FULL.repeat(cells)),
    h(Text, { dimColor: true }, (phase.total === 0 ? ' ' : EMPTY).repeat(BAR_CELLS - cells)),
    ` ${amount(phase)}`,
    phase.unit === 'bytes' && !phase.finished && props.seconds > 1
      ? `  ${formatBytes(phase.done / props.seconds)}/s`
      : '',
  )
}

function amount(phase: Phase): string {
  if (phase.total === 0) return phase.unit === 'bytes' ? formatBytes(phase.done) : `${phase.done} ${phase.unit}`
  if (phase.unit === 'bytes')
    return phase.finished ? formatBytes(phase.total) : `${formatBytes(phase.done)} of ${formatBytes(phase.total)}`
  return `${phase.done} of ${phase.total} ${phase.unit}`
}
