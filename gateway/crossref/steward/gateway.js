// What is asked of the gateway. The token is held here, and nowhere else.

const API = new URL("../", import.meta.url);
const PATIENCE = 40_000;

// Why something was not answered. `status` is 0 where the gateway cannot be reached or said nothing in time.
export class Refusal extends Error {
  constructor(status, { code, message, ...about }, retryAfter = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.about = about;
    this.retryAfter = retryAfter;
  }

  // Whether a write may have been made all the same.
  get isUncertain() {
    return this.status === 0 || this.status >= 500;
  }
}

// A fresh value for Idempotency-Key. (crypto.randomUUID is not there where the page comes without TLS.)
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Returns what can be asked with the token; `lost` is called when it is not known any more.
export function gatewayWith(token, lost) {
  async function ask(method, path, body = null, headers = {}) {
    const response = await sent(method, path, body, { Authorization: `Bearer ${token}`, ...headers });
    const told = await read(response);
    if (response.ok) {
      return told;
    }
    const refusal = refusalOf(response, told);
    if (refusal.status === 401) {
      lost(refusal);
    }
    throw refusal;
  }

  const write = (path, body, { key, version = null }) =>
    ask("POST", path, body, { "Idempotency-Key": key, ...(version === null ? {} : { "If-Match": `"${version}"` }) });

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

async function sent(method, path, body, headers) {
  try {
    return await fetch(new URL(path, API), {
      method,
      headers: body === null ? headers : { ...headers, "Content-Type": "application/json" },
      body: body === null ? null : JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch (error) {
    const code = error.name === "TimeoutError" ? "NO_ANSWER" : "NOT_REACHED";
    throw new Refusal(0, { code, message: "" });
  }
}

async function read(response) {
  try {
    return await response.json();
  } catch {
    if (response.ok) {
      throw new Refusal(0, { code: "NOT_REACHED", message: "" });
    }
    return null;
  }
}

function refusalOf(response, told) {
  const { message = "", extensions = {} } = told?.errors?.[0] ?? {};
  const said = { code: "UNKNOWN", ...extensions, message };
  return new Refusal(response.status, said, response.headers.get("Retry-After"));
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
