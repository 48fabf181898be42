// The plan: what the query asks of which source, in which order, before anything is asked.
import { Totals } from "./receipt.jsx";

export function Plan({ customers, depth, calls, limits, over = [], gates = [], steps, verdicts }) {
  const depths = [...new Set(steps.map((step) => step.depth))].sort((one, other) => one - other);
  return (
    <>
      <Totals
        of={[
          ["customers", `${customers} of ${limits.customers}`],
          ["calls, at most", `${calls} of ${limits.calls}`],
          ["depth", depth],
        ]}
      />
      {over.map(excess)}
      {gates.length > 0 && (
        <section className="depth" aria-label="Asked first">
          <h3>Asked first</h3>
          <ol>{gates.map(gateCard)}</ol>
        </section>
      )}
      {depths.map((at) => (
        <section key={at} className="depth" aria-label={`Depth ${at}`}>
          <h3>Depth {at}</h3>
          <ol>{steps.filter((step) => step.depth === at).map(stepCard)}</ol>
        </section>
      ))}
      <Verdicts verdicts={verdicts} />
    </>
  );
}

function excess({ limit, message, remedy }) {
  return (
    <section key={limit} className="depth" aria-label={`Over the limit: ${limit}`}>
      <h3>Over the limit: {limit}</h3>
      <p>{message}</p>
      <p className="remedy">{remedy}</p>
    </section>
  );
}

function gateCard(gate, place) {
  return card(place, gate, [
    ["decides", gate.gates],
    ["fields", gate.fields],
  ]);
}

function stepCard(step) {
  return card(step.number, step, [
    ["serves", [step.serves]],
    ["waits for", step.gates],
    ["of it waits", step.gatesOfPart],
    ["keys from", step.keysFrom],
    ["fields", step.fields],
    ["asked as", step.sourceFields],
    ["keys only", step.keys],
    ["first", step.first ? [`${step.first}, in at most ${step.pagesPerKey} ${step.pagesPerKey === 1 ? "page" : "pages"} a key`] : []],
  ]);
}

function card(key, step, rows) {
  const told = rows.filter(([, values]) => values?.length);
  return (
    <li key={key}>
      <p className="step">
        <strong>{step.source}</strong>
        <span className="beside">{step.offer}</span>
        <span className="cost">
          {step.calls} {step.calls === 1 ? "call" : "calls"}, {step.keysPerCall} {step.keysPerCall === 1 ? "key" : "keys"}{" "}
          in each at most
        </span>
      </p>
      <dl className="told">
        {told.map(([name, values]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{values.join(", ")}</dd>
          </div>
        ))}
      </dl>
    </li>
  );
}

function Verdicts({ verdicts = [] }) {
  const effects = Object.entries(Object.groupBy(verdicts, (one) => one.effect));
  return effects.map(([effect, ones]) => (
    <section key={effect} className="depth" aria-label={`Verdict: ${effect}`}>
      <h3>
        Verdict: {effect} <span className="count">{ones.length}</span>
      </h3>
      <p className="fields">{ones.map(({ coordinate, mask }) => (mask ? `${coordinate} (${mask})` : coordinate)).join(", ")}</p>
    </section>
  ));
}
