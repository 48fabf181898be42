// graphql-request: `rawRequest` hands over data, errors and extensions together.
import { ClientError, GraphQLClient } from "graphql-request";
import * as common from "./common.mjs";

const connect = (bearer) => new GraphQLClient(common.url, { headers: common.headers(bearer), errorPolicy: "all" });

const client = connect(common.token);
const ask = (name, variables, by = client) => by.rawRequest(common.read(name), variables);

async function caught(asked) {
  try {
    return handed(await asked);
  } catch (error) {
    if (error instanceof ClientError) return handed(error.response);
    throw error;
  }
}

const handed = ({ errors, status }) => ({ kind: errors ? "GraphQL" : "network", status, codes: common.codes(errors) });

const answered = await ask("hull", common.HULL);
const partial = await ask("trouble", common.BERTA);
const withheld = await ask("withheld", common.BERTA);

common.print({
  answered: answered.data,
  pages: await common.walk(async (variables) => (await ask("voyages", variables)).data),
  partial: { data: partial.data, ...handed(partial), withheld: common.withheld(partial.extensions) },
  withheld: common.withheld(withheld.extensions),
  refused: await caught(ask("refused", common.ANNA)),
  stranger: await caught(ask("withheld", common.BERTA, connect(common.STRANGER))),
});
