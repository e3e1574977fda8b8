import { UsageError } from '../../base/errors.ts'
import { createTag, deleteTag, listTags } from '../../repo/branch.ts'
import { command } from '../command.ts'
import { fitsPattern } from '../name-pattern.ts'
import { floeCommand, shortId } from '../undo.ts'
import { inWorkspace } from '../workspace.ts'

export const tag = command<{ delete?: string; list?: boolean }>({
  define: (command) =>
    command
      .argument('[name]', 'tag to create; none lists all')
      .argument('[at]', 'revision it names (default HEAD)')
      .option('-l, --list', 'list all, or those that NAME, a pattern such as `v1.*`, fits')
      .option('-d, --delete <name>', 'delete a local tag; a pushed tag is immutable'),
  async run(context, [name, at], options) {
    return inWorkspace(context, async (workspace) => {
      if (options.delete !== undefined) {
        if (name !== undefined)
          throw new UsageError('TAG_ONE', 'one tag is deleted at a time', {
            hints: [`nothing is deleted; \`${floeCommand('tag', '-d', name)}\` deletes this one`],
          })
        const gone = await deleteTag(workspace, { name: options.delete })
        return {
          data: { deleted: gone },
          lines: [`Deleted tag ${options.delete}`],
          undo: gone.commit ? [floeCommand('tag', options.delete, shortId(gone.commit))] : [],
        }
      }
      if (name === undefined || options.list) {
        const tags = (await listTags(workspace)).filter((entry) => name === undefined || fitsPattern(entry.name, name))
        return { data: { tags }, lines: tags.map((entry) => `${entry.name}  ${entry.commit?.slice(0, 12)}`) }
      }
      const created = await createTag(workspace, { name, at })
      return {
        data: { created },
        lines: [`Tag ${name} at ${created.commit?.slice(0, 12)}`],
        hints: [`\`floe push ${name}\` publishes it, for good`],
        undo: [floeCommand('tag', '-d', name)],
      }
    })
  },
})
