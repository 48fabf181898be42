// The page: whose view it is, the token, and GraphiQL with what the gateway did beside the answer.
//
// The token stands in this component's state alone, so it is gone when the page is closed or loaded again. GraphiQL
// stores nothing either: its queries and variables name customers.
import { DOC_EXPLORER_PLUGIN } from "@graphiql/plugin-doc-explorer";
import { GraphiQL } from "graphiql";
import { buildSchema } from "graphql";
import { useMemo, useRef, useState } from "react";

import { Door } from "./door.jsx";
import { example } from "./example.js";
import { ask, explain, readSchema, view } from "./gateway.js";
import { Panel } from "./panel.jsx";

const NOTHING = { answer: null, plan: null, problem: null, planProblem: null };
const NO_MORE = [];

export function Page() {
  const [open, setOpen] = useState(null);
  const [result, setResult] = useState(NOTHING);
  const id = result.answer?.extensions?.receipt?.view ?? open?.id ?? view;
  return (
    <>
      <title>{`${id} · Customer view`}</title>
      <Header id={id} isOpen={open !== null} />
      <main>
        {open ? (
          <Desk {...open} result={result} setResult={setResult} />
        ) : (
          <Door enter={async (token) => setOpen(await opened(token))} />
        )}
      </main>
    </>
  );
}

async function opened(token) {
  const { sdl, id } = await readSchema(token);
  const schema = sdl && buildSchema(sdl);
  return { token, id, schema, first: example(schema) };
}

function Header({ id, isOpen }) {
  const [name, version] = id.split("@");
  return (
    <header>
      <span className="mark" aria-hidden="true" />
      <h1>
        <span className="kind">View</span> {name}
        {version && <span className="version">version {version}</span>}
      </h1>
      {isOpen && (
        <div className="session">
          <span className="state">Token accepted, kept in memory only</span>
          {/* the editor keeps texts of its own, so all of the page goes */}
          <button type="button" className="quiet" onClick={() => location.reload()}>
            Forget token
          </button>
        </div>
      )}
    </header>
  );
}

function Desk({ token, schema, first, result, setResult }) {
  const asked = useRef(0);
  const fetcher = useMemo(() => makeFetcher(token, asked, setResult), [token]);
  return (
    <GraphiQL
      fetcher={fetcher}
      schema={schema}
      storage={null}
      forcedTheme="system"
      plugins={NO_MORE}
      referencePlugin={DOC_EXPLORER_PLUGIN}
      initialQuery={first.query}
      initialVariables={first.variables}
      isHeadersEditorEnabled={false}
      showPersistHeadersSettings={false}
      defaultEditorToolsVisibility="variables"
    >
      <GraphiQL.Logo>
        <span />
      </GraphiQL.Logo>
      <GraphiQL.Footer>
        <Panel {...result} />
      </GraphiQL.Footer>
    </GraphiQL>
  );
}

// Returns what GraphiQL asks by. Of several requests under way only the last one is shown beside the answer.
function makeFetcher(token, asked, setResult) {
  return async ({ query, variables, operationName }) => {
    const request = { query, variables, operationName };
    const number = (asked.current += 1);
    const show = (part) => number === asked.current && setResult((before) => ({ ...before, ...part }));
    show(NOTHING);
    explain(token, request).then(
      (plan) => show({ plan }),
      (planProblem) => show({ planProblem }),
    );
    try {
      const answer = await ask(token, request);
      show({ answer });
      return answer;
    } catch (problem) {
      show({ problem });
      return problem.response ?? { errors: [{ message: problem.message }] };
    }
  };
}
