/**
 * The packages that say their own version at run time say the one of their `package.json`, which no
 * browser can read. With `--write`, after the version step of a release, makes it so.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const isWriting = process.argv.includes('--write')
const pattern = /(?<=export const version: string = ')[^']*(?=')/

const files = readdirSync('packages')
  .map((name) => join('packages', name))
  .map((folder) => ({ folder, path: join(folder, 'src', 'version.ts') }))
  .filter(({ path }) => existsSync(path))

for (const { folder, path } of files) {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const { version } = manifest as { readonly version: string }
  const text = readFileSync(path, 'utf8')
  if (pattern.exec(text)?.[0] === version) continue
  if (isWriting) {
    writeFileSync(path, text.replace(pattern, version))
  } else {
    console.error(`${path}: not ${version}; run \`npm run check:versions -- --write\``)
    process.exitCode = 1
  }
}
if (process.exitCode === undefined) console.log(`versions: ${files.length} files are right`)
