// graphql-yoga with graphql-jit; where something may be kept, its response cache keeps whole answers.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import { useGraphQlJit } from '@envelop/graphql-jit'
import { useResponseCache } from '@graphql-yoga/plugin-response-cache'
import { Query } from './upstream.js'

const typeDefs = readFileSync(new URL('schema.graphql', import.meta.url), 'utf8')
const plugins = [useGraphQlJit()]
if (process.env.KEEP === 'true') plugins.push(useResponseCache({ session: () => null, ttl: 3_600_000 }))
const yoga = createYoga({ schema: createSchema({ typeDefs, resolvers: { Query } }), plugins, logging: false, graphiql: false })
createServer(yoga).listen(Number(process.env.PORT), '127.0.0.1')
