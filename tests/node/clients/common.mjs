// What the programs of the clients share: node apollo.mjs URL TOKEN QUERIES.
//
// Each asks the same five queries in its client's own way, and prints as JSON what the client hands to its caller.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const [url, token, folder] = process.argv.slice(2);

export const read = (name) => readFileSync(join(folder, `${name}.graphql`), "utf8");

export const headers = (bearer) => ({ authorization: `Bearer ${bearer}` });

export const STRANGER = `cv_${"x".repeat(43)}`;

export const ANNA = { by: { registry: "R1" } };
export const BERTA = { by: { registry: "R2" } };
export const HULL = { ...ANNA, many: [{ sonar: "S2" }, { registry: "nobody" }], withSize: true };
export const PAGE = 3;

export const codes = (errors) => (errors ?? []).map((error) => error.extensions.code);
export const withheld = (extensions) => (extensions?.withheld ?? []).map((entry) => entry.coordinate);

/** Ask for page after page with `ask(variables)`, which returns the data, and return the numbers on each. */
export async function walk(ask) {
  const pages = [];
  for (let after = null; ; ) {
    const { edges, pageInfo } = (await ask({ ...ANNA, first: PAGE, after })).vessel.voyages;
    pages.push(edges.map((edge) => edge.node.number));
    if (!pageInfo.hasNextPage) return pages;
    after = pageInfo.endCursor;
  }
}

export const print = (told) => console.log(JSON.stringify(told));
