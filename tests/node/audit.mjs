// The public audit of GraphQL over HTTP (graphql-http) against one URL: prints every check as a table, and the score.
//
//     node audit.mjs URL TOKEN
//
// The last line is JSON: [{"id", "name", "level", "status", "reason"}]. It ends with 0 also where a check fails: whoever
// called it decides what that means.
import { serverAudits } from "graphql-http";

const [url, token] = process.argv.slice(2);

const fetchFn = (target, init = {}) =>
  fetch(target, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });

const results = [];
for (const audit of serverAudits({ url, fetchFn })) {
  const result = await audit.fn();
  const level = result.name.match(/^(MUST|SHOULD|MAY)/)[0];
  const { id, name, status, reason = "" } = result;
  results.push({ id, name, level, status, reason });
  console.log(`${id}  ${status.padEnd(5)}  ${name}${reason && `: ${reason}`}`);
  await result.response?.body?.cancel().catch(() => {});
}

const score = (level) => {
  const counted = results.filter((result) => !level || result.level === level);
  return `${counted.filter((result) => result.status === "ok").length} of ${counted.length}`;
};
console.log(`\nMUST ${score("MUST")}, SHOULD ${score("SHOULD")}, MAY ${score("MAY")}, together ${score()}`);
console.log(JSON.stringify(results));
