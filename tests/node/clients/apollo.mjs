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
import { filter, firstValueFrom, map } from "rxjs";
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
  by.query({ query: gql(common.read(name)), variables, errorPolicy: "all", fetchPolicy: "network-only" });

// Pages by `fetchMore`; what the query's observer sees in the end is one list.
async function pages() {
  const watched = client.watchQuery({
    query: gql(common.read("voyages")),
    variables: { ...common.ANNA, first: common.PAGE },
  });
  let shown = [];
  watched.subscribe(({ data }) => (shown = data ? numbers(data) : shown));
  const fetched = [];
  let { data } = await firstValueFrom(watched.pipe(filter((result) => result.dataState === "complete")));
  for (;;) {
    fetched.push(numbers(data));
    const { hasNextPage, endCursor } = data.vessel.voyages.pageInfo;
    if (!hasNextPage) break;
    ({ data } = await watched.fetchMore({ variables: { after: endCursor } }));
  }
  await new Promise((resolve) => setTimeout(resolve));
  if (shown.join() !== fetched.flat().join()) throw new Error(`the cache shows ${shown}, of ${fetched}`);
  return fetched;
}

const numbers = (data) => data.vessel.voyages.edges.map((edge) => edge.node.number);

function handed(error) {
  if (CombinedGraphQLErrors.is(error)) return { kind: "GraphQL", codes: common.codes(error.errors) };
  if (ServerError.is(error)) return { kind: "network", status: error.statusCode };
  throw error;
}

const answered = await ask("hull", common.HULL);
const partial = await ask("trouble", common.BERTA);
await ask("withheld", common.BERTA);
const withheld = common.withheld(extensions.get("Withheld"));
const refused = await ask("refused", common.ANNA);
const stranger = await ask("withheld", common.BERTA, connect(common.STRANGER));

common.print({
  answered: answered.data,
  pages: await pages(),
  partial: { data: partial.data, ...handed(partial.error), withheld: common.withheld(partial.error.extensions) },
  withheld,
  refused: handed(refused.error),
  stranger: handed(stranger.error),
});
