// What privacy officers ask of the gateway.
import { askerOf, asText } from "./asking.js";

const API = new URL("../", import.meta.url);
const PAGE = 50;

// Returns what can be asked with the token; `lost` is called when it is not known any more.
export function gatewayWith(token, lost) {
  const ask = askerOf(API, token, lost);
  return {
    consumer: () => ask("GET", "consumer"),
    views: () => ask("GET", "views"),
    usage: (days) => ask("GET", `usage?days=${days}`),
    waiting: (after) => ask("GET", `break-glass${pageAfter(after)}`),
    reviewed: (after) => ask("GET", `break-glass/reviewed${pageAfter(after)}`),
    review: (grant, body) => ask("POST", `break-glass/${encodeURIComponent(grant)}/review`, body),
    register: () => ask("GET", "register?format=json"),
    registerAs: (format) => ask("GET", `register?format=${format}`, null, { read: asText }),
    whoSaw: (asked) => ask("POST", "who-saw", asked),
  };
}

const pageAfter = (after) => `?first=${PAGE}${after === null ? "" : `&after=${encodeURIComponent(after)}`}`;
