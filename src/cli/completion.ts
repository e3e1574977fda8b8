/** Scripts that let a shell complete commands, options and branch names, made from the registry, so that they cannot lag
 *  behind it. */

import { Command } from 'commander'
import type { Registry } from './registry.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

interface CompletedVerb {
  /** `remote add`, or `status`. */
  words: string
  summary: string
  options: { flag: string; summary: string }[]
}

/** Commands whose arguments are branches or versions. */
const TAKES_REFS = [
  'switch',
  'merge',
  'rebase',
  'branch',
  'log',
  'show',
  'reset',
  'diff',
  'cherry-pick',
  'revert',
  'push',
  'reflog',
]

/** Those of them whose arguments may be files as well. */
const TAKES_PATHS = ['log', 'diff']

async function listVerbs(registry: Registry, before = ''): Promise<CompletedVerb[]> {
  const verbs: CompletedVerb[] = []
  for (const [name, entry] of Object.entries(registry)) {
    if (entry.hidden) continue
    const words = before === '' ? name : `${before} ${name}`
    if ('children' in entry) {
      const children = await listVerbs(entry.children, words)
      const fallback = children.find((child) => child.words === `${words} ${entry.fallback}`)
      verbs.push({ words, summary: entry.summary, options: fallback?.options ?? [] }, ...children)
      continue
    }
    const command = new Command(name)
    ;(await entry.load()).define(command)
    const options = command.options.map((option) => ({
      flag: option.long ?? option.short!,
      summary: option.description,
    }))
    verbs.push({ words, summary: entry.summary, options: [...options, ...GLOBAL_OPTIONS] })
  }
  return verbs
}

const GLOBAL_OPTIONS = [
  { flag: '--json', summary: 'print exactly one JSON object on stdout' },
  { flag: '--quiet', summary: 'print no progress and no hints' },
  { flag: '--help', summary: 'explain the command' },
]

export async function completionScript(registry: Registry, shell: Shell): Promise<string> {
  const verbs = await listVerbs(registry)
  return shell === 'bash' ? bash(verbs) : shell === 'zsh' ? zsh(verbs) : fish(verbs)
}

function childrenOf(verbs: readonly CompletedVerb[], parent: string): CompletedVerb[] {
  const depth = parent === '' ? 1 : parent.split(' ').length + 1
  return verbs.filter(
    ({ words }) => words.split(' ').length === depth && (parent === '' || words.startsWith(`${parent} `)),
  )
}

const lastWord = ({ words }: CompletedVerb) => words.split(' ').at(-1)!

/** Prints names of branches and tags; nothing outside a workspace. */
const REFS = "{ floe branch -q; floe tag -q; } 2>/dev/null | sed 's/^[* ] //; s/ .*//'"

function bash(verbs: readonly CompletedVerb[]): string {
  const cases = verbs.map((verb) => {
    const words = childrenOf(verbs, verb.words).map(lastWord)
    const options = verb.options.map(({ flag }) => flag)
    return `    ${JSON.stringify(verb.words)}) words=${JSON.stringify(words.join(' '))} options=${JSON.stringify(options.join(' '))} ;;`
  })
  return `# floe completion for bash: source <(floe completion bash)
_floe() {
  local current=\${COMP_WORDS[COMP_CWORD]} verb="" words="" options="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) continue ;; esac
    case $verb in "") verb=$word ;; ${nouns(verbs).join('|')}) verb="$verb $word" ;; esac
  done
  case $verb in
${cases.join('\n')}
    "") words=${JSON.stringify(childrenOf(verbs, '').map(lastWord).join(' '))} ;;
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
    return
  fi
  local files=\${words:+no}
  case \${verb%% *} in ${TAKES_REFS.join('|')}) words="$words $(${REFS})" files=no ;; esac
  case $verb in ${TAKES_PATHS.join('|')}) files="" ;; esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ -n $files && -n \${COMPREPLY[*]} ]] && return
  local IFS=$'\\n'
  COMPREPLY+=($(compgen -f -- "$current"))
}
complete -o filenames -F _floe floe
`
}

function nouns(verbs: readonly CompletedVerb[]): string[] {
  return childrenOf(verbs, '')
    .filter((verb) => childrenOf(verbs, verb.words).length > 0)
    .map(lastWord)
}

function zsh(verbs: readonly CompletedVerb[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''").replaceAll(':', '\\:')}'`
  const described = (name: string, summary: string) =>
    `'${name}:${summary.replaceAll("'", "'\\''").replaceAll(':', '\\:')}'`
  const cases = verbs.map((verb) => {
    const children = childrenOf(verbs, verb.words).map((child) => described(lastWord(child), child.summary))
    const options = verb.options.map(({ flag, summary }) => described(flag, summary))
    return `    ${quoted(verb.words)}) items=(${[...children, ...options].join(' ')}) ;;`
  })
  const top = childrenOf(verbs, '').map((verb) => described(verb.words, verb.summary))
  return `#compdef floe
# floe completion for zsh: source <(floe completion zsh)
_floe() {
  local -a items typed refs
  typed=(\${\${words[2,CURRENT-1]}:#-*})
  local verb=\${typed[1]}
  case $verb in ${nouns(verbs).join('|')}) verb="\${typed[1,2]}" ;; esac
  case $verb in
${cases.join('\n')}
    '') items=(${top.join(' ')}) ;;
    *) ;;
  esac
  case "\${typed[1]}" in ${TAKES_REFS.join('|')}) refs=(\${(f)"$(${REFS})"}) ;; esac
  (( \${#items} )) && _describe floe items
  (( \${#refs} )) && compadd -a refs
  (( \${#typed} )) && _files
}
compdef _floe floe
`
}

function fish(verbs: readonly CompletedVerb[]): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const lines = ['# floe completion for fish: floe completion fish | source']
  for (const verb of childrenOf(verbs, ''))
    lines.push(`complete -c floe -n __fish_use_subcommand -f -a ${verb.words} -d ${quoted(verb.summary)}`)
  for (const verb of verbs) {
    const seen = verb.words
      .split(' ')
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join('; and ')
    for (const child of childrenOf(verbs, verb.words))
      lines.push(`complete -c floe -n ${quoted(seen)} -f -a ${lastWord(child)} -d ${quoted(child.summary)}`)
    for (const { flag, summary } of verb.options)
      lines.push(
        `complete -c floe -n ${quoted(seen)} ${flag.startsWith('--') ? '-l' : '-s'} ${flag.replace(/^-+/, '')} -d ${quoted(summary)}`,
      )
  }
  const refs = `__fish_seen_subcommand_from ${TAKES_REFS.join(' ')}`
  lines.push(
    `complete -c floe -n ${quoted(refs)} -a ${quoted(`(${REFS.replace('{ ', 'begin; ').replace('; }', '; end')})`)}`,
  )
  return `${lines.join('\n')}\n`
}
