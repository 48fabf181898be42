// Composes the three REST sources into one supergraph; every source is asked by a list of customers.
import { defineConfig } from '@graphql-mesh/compose-cli'
import { loadJSONSchemaSubgraph } from '@omnigraph/json-schema'

const source = (name: string, field: string, path: string, owner: string, type: string) => ({
  sourceHandler: loadJSONSchemaSubgraph(name, {
    endpoint: process.env.UPSTREAM,
    queryStringOptions: { arrayFormat: 'comma', indices: false } as any,
    operations: [
      {
        type: 'Query' as any,
        field,
        path,
        method: 'GET',
        responseSchema: `./schemas.json#/definitions/${type}s`,
        argTypeMap: { [owner]: { type: 'array', items: { type: 'integer' } } as any },
        queryParamArgMap: { [owner]: owner },
      },
    ],
  }),
})

const resolved = (source: string, field: string, owner: string) =>
  `@resolveTo(sourceName: "${source}", sourceTypeName: "Query", sourceFieldName: "${field}", ` +
  `requiredSelectionSet: "{ id }", keyField: "id", keysArg: "${owner}")`

export const composeConfig = defineConfig({
  subgraphs: [
    source('CRM', 'profiles', '/crm/customers', 'ids', 'Profile'),
    source('BILLING', 'accounts', '/billing/accounts', 'customer_ids', 'Account'),
    source('SUPPORT', 'supports', '/support/tickets', 'customer_ids', 'Support'),
  ],
  additionalTypeDefs: `
    extend type Query {
      ping: String
      customer(id: Int!): Customer
      customers(ids: [Int!]!): [Customer!]!
    }
    type Customer {
      id: Int!
      profile: Profile ${resolved('CRM', 'profiles', 'ids')}
      account: Account ${resolved('BILLING', 'accounts', 'customer_ids')}
      support: Support ${resolved('SUPPORT', 'supports', 'customer_ids')}
    }`,
})
