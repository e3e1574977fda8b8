import { listKeys } from '../../../repo/key.ts'
import { command } from '../../command.ts'
import { formatTable } from '../../text.ts'

export const keyList = command({
  define: () => {},
  async run(context) {
    const keys = await listKeys(context.homeDir)
    return { data: { keys }, lines: formatTable(keys.map((key) => [key.alias, key.address])) }
  },
})
