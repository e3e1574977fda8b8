import { getConfig, setConfig } from '../../../repo/config.ts'
import { getGlobalConfig, setGlobalConfig } from '../../../repo/global-config.ts'
import { command } from '../../command.ts'
import { checkSetting } from '../../settings.ts'
import { floeCommand, pathWords } from '../../undo.ts'
import { inWorkspace } from '../../workspace.ts'

export const configSet = command<{ global?: boolean }>({
  define: (command) =>
    command
      .argument('<key>', 'for example user.name')
      .argument('<value>', 'its new value')
      .option('--global', 'for all workspaces that do not set it themselves'),
  async run(context, [key, value], options) {
    const hints = await checkSetting(context, { key: key!, value: value!, global: options.global })
    const before = options.global
      ? getGlobalConfig(context.homeDir, key!)
      : await inWorkspace(context, (workspace) => getConfig(workspace, key!))
    if (options.global) await setGlobalConfig(context.homeDir, key!, value)
    else await inWorkspace(context, (workspace) => setConfig(workspace, key!, value!))
    const scope = options.global ? ['--global'] : []
    const undo =
      before === undefined
        ? floeCommand('config', 'unset', ...scope, key!)
        : floeCommand('config', 'set', ...scope, ...pathWords([key!, before]))
    return { data: { key, value }, lines: [`${key} = ${value}`], hints, undo: before === value ? [] : [undo] }
  },
})
