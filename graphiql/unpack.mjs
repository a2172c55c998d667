// Writes what the package holds as strings into files, compressed as they are served.
// Usage: node unpack.mjs FOLDER (unpack.py calls it)
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as graphiql from '@graphql-yoga/render-graphiql/graphiql'

const folder = process.argv[2]
const files = {
  'graphiql.js': graphiql.js,
  'graphiql.css': graphiql.css,
  'editor.worker.js': graphiql.editorWorkerService,
  'json.worker.js': graphiql.jsonWorker,
  'graphql.worker.js': graphiql.graphqlWorker,
}

mkdirSync(folder, { recursive: true })
for (const [name, text] of Object.entries(files)) {
  if (!text) throw new Error(`the package has no ${name}`)
  writeFileSync(join(folder, `${name}.gz`), gzipSync(text, { level: 9 }))
}
