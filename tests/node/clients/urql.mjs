// @urql/core 6 with its document cache and the fetch exchange.
import { Client, cacheExchange, fetchExchange } from "@urql/core";
import * as common from "./common.mjs";

const connect = (bearer) =>
  new Client({
    url: common.url,
    exchanges: [cacheExchange, fetchExchange],
    preferGetMethod: false, // it would send short queries by GET, with a customer's key in the URL
    fetchOptions: { headers: common.headers(bearer) },
  });

const client = connect(common.token);
const ask = (name, variables, by = client) => by.query(common.read(name), variables).toPromise();

const handed = ({ error }) => ({
  kind: error.networkError ? "network" : "GraphQL",
  status: error.response?.status,
  codes: common.codes(error.graphQLErrors),
});

const answered = await ask("hull", common.HULL);
const partial = await ask("trouble", common.BERTA);
const withheld = await ask("withheld", common.BERTA);
const refused = await ask("refused", common.ANNA);
const stranger = await ask("withheld", common.BERTA, connect(common.STRANGER));

common.print({
  answered: answered.data,
  pages: await common.walk(async (variables) => (await ask("voyages", variables)).data),
  partial: { data: partial.data, ...handed(partial), withheld: common.withheld(partial.extensions) },
  withheld: common.withheld(withheld.extensions),
  refused: handed(refused),
  stranger: handed(stranger),
});
