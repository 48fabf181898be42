// Apollo Server as its documentation has it: the standalone server and a DataLoader for each source.
import { readFileSync } from 'node:fs'
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import DataLoader from 'dataloader'
import { billing, crm, support } from './sources.mjs'

const server = new ApolloServer({
  typeDefs: readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'),
  resolvers: {
    Query: {
      ping: () => 'pong',
      customer: (_, { id }) => ({ id }),
      customers: (_, { ids }) => ids.map((id) => ({ id })),
    },
    Customer: {
      profile: (customer, _, context) => context.crm.load(customer.id),
      account: (customer, _, context) => context.billing.load(customer.id),
      support: (customer, _, context) => context.support.load(customer.id),
    },
  },
})

const loader = (source) => new DataLoader((ids) => source(ids))

await startStandaloneServer(server, {
  listen: { port: Number(process.env.PORT), host: '127.0.0.1', path: '/graphql' },
  context: async () => ({ crm: loader(crm), billing: loader(billing), support: loader(support) }),
})
