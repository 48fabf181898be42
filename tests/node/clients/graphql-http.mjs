// The client of graphql-http: an observer is handed whole results; any status beyond 299 is a NetworkError.
import { NetworkError, createClient } from "graphql-http";
import * as common from "./common.mjs";

const connect = (bearer) => createClient({ url: common.url, headers: common.headers(bearer) });

const client = connect(common.token);
const ask = (name, variables, by = client) =>
  new Promise((resolve, reject) => {
    let result;
    by.subscribe(
      { query: common.read(name), variables },
      { next: (each) => (result = each), error: reject, complete: () => resolve(result) },
    );
  });

async function caught(asked) {
  try {
    return { kind: "GraphQL", codes: common.codes((await asked).errors) };
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    const { errors } = await error.response.json();
    return { kind: "network", status: error.response.status, codes: common.codes(errors) };
  }
}

const answered = await ask("hull", common.HULL);
const partial = await ask("trouble", common.BERTA);
const withheld = await ask("withheld", common.BERTA);

common.print({
  answered: answered.data,
  pages: await common.walk(async (variables) => (await ask("voyages", variables)).data),
  partial: {
    data: partial.data,
    kind: "GraphQL",
    codes: common.codes(partial.errors),
    withheld: common.withheld(partial.extensions),
  },
  withheld: common.withheld(withheld.extensions),
  refused: await caught(ask("refused", common.ANNA)),
  stranger: await caught(ask("withheld", common.BERTA, connect(common.STRANGER))),
});
