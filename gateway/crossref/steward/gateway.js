// What stewards ask of the cross-reference.
import { askerOf } from "./asking.js";

const API = new URL("../", import.meta.url);

// Returns what can be asked with the token; `lost` is called when it is not known any more.
export function gatewayWith(token, lost) {
  const ask = askerOf(API, token, lost);
  const write = (path, body, { key, version = null }) => {
    const headers = { "Idempotency-Key": key, ...(version === null ? {} : { "If-Match": `"${version}"` }) };
    return ask("POST", path, body, { headers });
  };

  return {
    consumer: () => ask("GET", "consumer"),
    candidates: (status, after) => ask("GET", `candidates?status=${status}&after=${after}&limit=50`),
    candidate: (candidate) => ask("GET", `candidates/${candidate}`),
    outline: (by) => ask("POST", "outline", { by }),
    known: async (by) => orNull(ask("POST", "outline", { by })),
    history: (by, after) => ask("POST", "history", { by, after, limit: 50 }),
    keys: async (customer) => keysOf(await ask("POST", "resolve", { by: { customer } })),
    preview: (pair) => ask("POST", "merges", { ...pair, dryRun: true }),
    merge: (body, once) => write("merges", body, once),
    undo: (seq, body, once) => write(`merges/${seq}/undo`, body, once),
    accept: (candidate, body, once) => write(`candidates/${candidate}/accept`, body, once),
    reject: (candidate, body, once) => write(`candidates/${candidate}/reject`, body, once),
  };
}

// What is known of a customer; null for one who is unknown, retired or erased.
async function orNull(outline) {
  try {
    return await outline;
  } catch (refusal) {
    if (refusal.code === "CUSTOMER_UNKNOWN") {
      return null;
    }
    throw refusal;
  }
}

function keysOf({ subject }) {
  const linked = Object.values(subject?.keys ?? {}).flat();
  return new Map(linked.map((one) => [one.linkId, one.key]));
}
