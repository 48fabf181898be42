// What is asked of the gateway. The token is held here, and nowhere else.
import { send } from "./sending.js";

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

// Returns what asks an API with the token, and raises a Refusal; `lost` is called when the token is not known any more.
// `read` takes the answer out of the response: JSON, unless it says otherwise.
export function askerOf(api, token, lost) {
  return async (method, path, body = null, { headers = {}, read = asJson } = {}) => {
    const response = await sent(new URL(path, api), method, body, { Authorization: `Bearer ${token}`, ...headers });
    if (response.ok) {
      return answered(response, read);
    }
    const refusal = refusalOf(response, await told(response));
    if (refusal.status === 401) {
      lost(refusal);
    }
    throw refusal;
  };
}

export const asText = (response) => response.text();

const asJson = (response) => response.json();

async function sent(url, method, body, headers) {
  try {
    return await send(url, {
      method,
      headers: body === null ? headers : { ...headers, "Content-Type": "application/json" },
      body: body === null ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch (error) {
    const code = error.name === "TimeoutError" ? "NO_ANSWER" : "NOT_REACHED";
    throw new Refusal(0, { code, message: "" });
  }
}

async function answered(response, read) {
  try {
    return await read(response);
  } catch {
    throw new Refusal(0, { code: "NOT_REACHED", message: "" });
  }
}

async function told(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

function refusalOf(response, body) {
  const { message = "", extensions = {} } = body?.errors?.[0] ?? {};
  const said = { code: "UNKNOWN", ...extensions, message };
  return new Refusal(response.status, said, response.headers.get("Retry-After"));
}
