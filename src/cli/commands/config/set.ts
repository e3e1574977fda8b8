import { setConfig } from '../../../repo/config.ts'
import { setGlobalConfig } from '../../../repo/global-config.ts'
import { assertAlias } from '../../aliases.ts'
import { command } from '../../command.ts'
import { REGISTRY } from '../../registry.ts'
import { inWorkspace } from '../../workspace.ts'

export const configSet = command<{ global?: boolean }>({
  define: (command) =>
    command
      .argument('<key>', 'for example user.name')
      .argument('<value>', 'its new value')
      .option('--global', 'for all workspaces that do not set it themselves'),
  async run(context, [key, value], options) {
    const alias = /^alias\.(.*)$/s.exec(key!)
    if (alias) assertAlias(alias[1]!, value!, (word) => Object.hasOwn(REGISTRY, word))
    if (options.global) await setGlobalConfig(context.homeDir, key!, value)
    else await inWorkspace(context, (workspace) => setConfig(workspace, key!, value!))
    return { data: { key, value }, lines: [`${key} = ${value}`] }
  },
})
