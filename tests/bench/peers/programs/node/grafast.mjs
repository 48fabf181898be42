// Grafast behind its own server. It asks for Promise.withResolvers, which Node has from 22 on.
Promise.withResolvers ??= function () {
  let resolve, reject
  const promise = new this((settle, refuse) => {
    resolve = settle
    reject = refuse
  })
  return { promise, resolve, reject }
}

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const { constant, loadOne, makeGrafastSchema } = await import('grafast')
const { grafserv } = await import('grafserv/node')
const { billing, crm, support } = await import('./sources.mjs')

const load = (source) => {
  const rows = (ids) => source(ids)
  return ($id) => loadOne($id, rows)
}

const schema = makeGrafastSchema({
  typeDefs: readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'),
  objects: {
    Query: { plans: { ping: () => constant('pong'), customer: (_, { $id }) => $id, customers: (_, { $ids }) => $ids } },
    Customer: {
      plans: { id: ($id) => $id, profile: load(crm), account: load(billing), support: load(support) },
    },
  },
})
const serving = grafserv({
  schema,
  preset: { grafserv: { graphqlPath: '/graphql', graphiql: false, watch: false, websockets: false } },
})
const server = createServer()
await serving.addTo(server)
server.listen(Number(process.env.PORT), '127.0.0.1')
