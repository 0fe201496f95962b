// mercurius with its JIT; where something may be kept, mercurius-cache keeps what the root fields gave.
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import mercurius from 'mercurius'
import cache from 'mercurius-cache'
import { Query } from './upstream.js'

const app = Fastify()
const schema = readFileSync(new URL('schema.graphql', import.meta.url), 'utf8')
await app.register(mercurius, { schema, resolvers: { Query }, jit: 1 })
if (process.env.KEEP === 'true') {
  await app.register(cache, {
    ttl: 3600,
    all: false,
    policy: { Query: Object.fromEntries(Object.keys(Query).map(name => [name, true])) }
  })
}
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
