// Apollo Client 4 with its cache: pages are merged into one list, and a link keeps the extensions of an answer.
import {
  ApolloClient,
  ApolloLink,
  CombinedGraphQLErrors,
  HttpLink,
  InMemoryCache,
  ServerError,
  gql,
} from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";
import { map } from "rxjs";
import * as common from "./common.mjs";

// Without errors a result has no `extensions`, so a link sees to them: here they are kept by the operation's name.
const extensions = new Map();
const keeping = new ApolloLink((operation, forward) =>
  forward(operation).pipe(
    map((result) => {
      extensions.set(operation.operationName, result.extensions);
      return result;
    }),
  ),
);

const connect = (bearer) =>
  new ApolloClient({
    link: keeping.concat(new HttpLink({ uri: common.url, headers: common.headers(bearer) })),
    cache: new InMemoryCache({ typePolicies: { Vessel: { fields: { voyages: relayStylePagination(["rough"]) } } } }),
  });

const client = connect(common.token);
const ask = (name, variables, by = client) =>
  by.query({ query: gql(common.read(name)), variables, errorPolicy: "all" });

async function pages() {
  const variables = { ...common.ANNA, first: common.PAGE };
  const watched = client.watchQuery({ query: gql(common.read("voyages")), variables });
  watched.subscribe(() => undefined);
  await watched.result?.();
  const numbers = [];
  for (let after = undefined; ; ) {
    const { data } = await (after ? watched.fetchMore({ variables: { after } }) : client.query({ ...watched.options }));
    numbers.push(data.vessel.voyages.edges.map((edge) => edge.node.number));
    if (!data.vessel.voyages.pageInfo.hasNextPage) break;
    after = data.vessel.voyages.pageInfo.endCursor;
  }
  const merged = watched.getCurrentResult().data.vessel.voyages.edges.map((edge) => edge.node.number);
  if (merged.join() !== numbers.flat().join()) throw new Error(`the cache holds ${merged} of ${numbers}`);
  return numbers;
}

function handed(error) {
  if (CombinedGraphQLErrors.is(error)) return { kind: "GraphQL", codes: common.codes(error.errors) };
  if (ServerError.is(error)) return { kind: "network", status: error.statusCode };
  throw error;
}

const answered = await ask("hull", common.HULL);
const partial = await ask("trouble", common.BERTA);
await ask("withheld", common.BERTA);
const refused = await ask("refused", common.ANNA);
const stranger = await ask("withheld", common.BERTA, connect(common.STRANGER));

common.print({
  answered: answered.data,
  pages: await pages(),
  partial: { data: partial.data, ...handed(partial.error), withheld: common.withheld(partial.error.extensions) },
  withheld: common.withheld(extensions.get("Withheld")),
  refused: handed(refused.error),
  stranger: handed(stranger.error),
});
