// Mercurius on Fastify with graphql-jit and its own loaders. PROJECT=1 asks the sources for the query's fields alone.
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { billing, crm, support } from './sources.mjs'

const PROJECT = process.env.PROJECT === '1'

// a query's syntax tree is kept by Mercurius, so the list of fields is made once for each
const known = new WeakMap()
const fieldsOf = (info) => {
  const node = info.fieldNodes[0]
  if (!known.has(node)) {
    known.set(node, node.selectionSet.selections.map((selection) => selection.name.value).join(','))
  }
  return known.get(node)
}

const plain = (source) => (queries) => source(queries.map((query) => query.obj.id))
const projected = (source) => ({
  loader: (queries) => source(queries.map((query) => query.obj.id), fieldsOf(queries[0].info)),
  opts: { cache: false }, // Mercurius hands the query to loaders without a cache only
})
const loader = PROJECT ? projected : plain

const app = Fastify()
app.register(mercurius, {
  schema: readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'),
  jit: 1,
  path: '/graphql',
  resolvers: {
    Query: {
      ping: () => 'pong',
      customer: (_, { id }) => ({ id }),
      customers: (_, { ids }) => ids.map((id) => ({ id })),
    },
  },
  loaders: { Customer: { profile: loader(crm), account: loader(billing), support: loader(support) } },
})
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
