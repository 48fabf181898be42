// Where the token is entered.
import { useState } from "react";

import { view } from "./gateway.js";

// `enter` takes the token and raises a Refusal when nothing can be asked with it.
export function Door({ enter }) {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState(null);
  const [isWaiting, setWaiting] = useState(false);

  async function submit(event) {
    event.preventDefault();
    setWaiting(true);
    setProblem(null);
    try {
      await enter(token.trim());
    } catch (refusal) {
      setProblem(refusal);
      setWaiting(false);
    }
  }

  return (
    <form className="door" onSubmit={submit}>
      <h2>Enter your token</h2>
      <p>
        What is shown and what can be asked depends on it: a view exists only for the consumers that are registered for
        it.
      </p>
      <label htmlFor="token">Token for {view}</label>
      <div className="entry">
        <input
          id="token"
          type="password"
          autoComplete="off"
          spellCheck={false}
          autoFocus
          required
          placeholder="cv_…"
          value={token}
          aria-describedby="token-note"
          aria-invalid={problem !== null}
          onChange={(event) => setToken(event.target.value)}
        />
        <button type="submit" disabled={isWaiting}>
          {isWaiting ? "Opening…" : "Open"}
        </button>
      </div>
      {problem && (
        <p className="problem" role="alert">
          <strong>{problem.title ?? "This page failed"}</strong>
          <span>{problem.text ?? problem.message}</span>
        </p>
      )}
      <p id="token-note" className="note">
        It is kept in this page’s memory only: not in the address, not in a cookie, not in the browser’s storage. Loading
        the page again forgets it.
      </p>
    </form>
  );
}
