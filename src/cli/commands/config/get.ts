import { FloeError } from '../../../base/errors.ts'
import { getGlobalConfig } from '../../../repo/global-config.ts'
import { command } from '../../command.ts'
import { effectiveSetting, type Setting } from '../../settings.ts'

export const configGet = command<{ global?: boolean; showOrigin?: boolean }>({
  define: (command) =>
    command
      .argument('<key>', 'for example user.name')
      .option('--global', 'only what is set for all workspaces')
      .option('--show-origin', 'say where it was set: workspace, global, or default'),
  async run(context, [key], options) {
    const global = options.global ? getGlobalConfig(context.homeDir, key!) : undefined
    const found: Setting | undefined = options.global
      ? global === undefined
        ? undefined
        : { key: key!, value: global, origin: 'global' }
      : await effectiveSetting(context, key!)
    if (!found) throw new FloeError('other', 'CONFIG_UNSET', `${key} is not set`, { data: { key } })
    return { data: found, lines: [options.showOrigin ? `${found.origin}  ${found.value}` : found.value] }
  },
})
