// The plan: what the query asks of which source, in which order, before anything is asked.
import { Totals } from "./receipt.jsx";

export function Plan({ customers, depth, calls, limits, steps, verdicts }) {
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

function stepCard(step) {
  const told = [
    ["serves", [step.serves]],
    ["keys from", step.keysFrom],
    ["fields", step.fields],
    ["asked as", step.sourceFields],
    ["keys only", step.keys],
    ["first", step.first ? [`${step.first}, in at most ${step.pages} ${step.pages === 1 ? "page" : "pages"} a key`] : []],
  ].filter(([, values]) => values?.length);
  return (
    <li key={step.number}>
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
