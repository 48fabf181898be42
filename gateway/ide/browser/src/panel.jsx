// What stands beside the answer: the receipt, the plan, and the reason of every null.
import { useRef, useState } from "react";

import { Plan } from "./plan.jsx";
import { Receipt } from "./receipt.jsx";
import { ErrorList, Reasons } from "./reasons.jsx";

const NOT_ASKED = "Ask something: press the play button, or Ctrl-Enter in the query.";

export function Panel({ answer, plan, problem, planProblem }) {
  const tabs = tabsOf(answer, plan, problem, planProblem);
  const [chosen, setChosen] = useState("receipt");
  const list = useRef(null);

  function step(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) {
      return;
    }
    const place = (tabs.findIndex((one) => one.id === chosen) + by + tabs.length) % tabs.length;
    setChosen(tabs[place].id);
    list.current.children[place].focus();
    event.preventDefault();
  }

  return (
    <section className="panel" aria-label="What the gateway did">
      <div className="tabs" role="tablist" aria-label="What the gateway did" ref={list} onKeyDown={step}>
        {tabs.map(({ id, label, count, isBad }) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`tab-${id}`}
            aria-controls="shown"
            aria-selected={id === chosen}
            tabIndex={id === chosen ? 0 : -1}
            onClick={() => setChosen(id)}
          >
            {label}
            {count > 0 && <span className={isBad ? "count bad" : "count"}>{count}</span>}
          </button>
        ))}
      </div>
      <div className="shown" role="tabpanel" id="shown" aria-labelledby={`tab-${chosen}`} tabIndex={0}>
        {tabs.find((one) => one.id === chosen).content}
      </div>
    </section>
  );
}

function tabsOf(answer, plan, problem, planProblem) {
  const { withheld = [], masked = [], absent = [], receipt = null } = answer?.extensions ?? {};
  const errors = answer?.errors ?? problem?.response?.errors ?? [];
  const told = (content) => (problem ? <Trouble {...problem} /> : answer ? content : <p className="empty">{NOT_ASKED}</p>);
  const planned = plan ? <Plan {...plan} /> : planProblem ? <Trouble {...planProblem} isQuiet /> : told(null);
  return [
    { id: "receipt", label: "Receipt", content: told(<Receipt receipt={receipt} />) },
    { id: "plan", label: "Plan", content: planned },
    {
      id: "withheld",
      label: "Withheld",
      count: withheld.length + masked.length,
      content: told(<Reasons withheld={withheld} masked={masked} empty="No rule withheld or masked anything." />),
    },
    {
      id: "absent",
      label: "Absent",
      count: absent.length,
      content: told(<Reasons absent={absent} empty="No source was without what was asked." />),
    },
    {
      id: "errors",
      label: "Errors",
      count: errors.length || (problem ? 1 : 0),
      isBad: true,
      content: errors.length ? <ErrorList errors={errors} /> : told(<p className="empty">Nothing failed.</p>),
    },
  ];
}

function Trouble({ title, text, message, isQuiet = false }) {
  return (
    <p className={isQuiet ? "problem quiet" : "problem"} role={isQuiet ? "note" : "alert"}>
      <strong>{title ?? "This page failed"}</strong>
      <span>{text ?? message}</span>
    </p>
  );
}
