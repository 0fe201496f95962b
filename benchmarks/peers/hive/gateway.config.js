// Hive Gateway with its JIT; where something may be kept, its response cache keeps whole answers.
import { defineConfig } from '@graphql-hive/gateway'

const responseCaching = process.env.KEEP === 'true' ? { session: () => null, ttl: 3_600_000 } : undefined

export const gatewayConfig = defineConfig({
  jit: true,
  responseCaching,
  logging: 'error',
  landingPage: false,
  graphiql: false
})
