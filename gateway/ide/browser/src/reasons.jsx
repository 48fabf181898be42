// Why a null is null, and what is masked: what was withheld, what a source does not have, and what failed.
export function Reasons({ withheld = [], masked = [], absent = [], empty }) {
  const entries = [...withheld, ...absent, ...masked.map((one) => ({ ...one, isMasked: true }))];
  return entries.length ? <ul className="reasons">{entries.map(entryCard)}</ul> : <p className="empty">{empty}</p>;
}

// Errors of one code and text stand together, as a failed source fails many fields alike.
export function ErrorList({ errors }) {
  const groups = Object.groupBy(errors, (one) => `${one.extensions?.code} ${one.message}`);
  return (
    <ul className="reasons">
      {Object.values(groups).map(([first, ...more], place) =>
        entryCard(
          {
            code: first.extensions?.code,
            message: first.message,
            remedy: first.extensions?.remedy,
            paths: [first, ...more].map((one) => one.path).filter(Boolean),
            isError: true,
          },
          place,
        ),
      )}
    </ul>
  );
}

function entryCard({ coordinate, code, message, remedy, paths = [], isMasked, isError }, place) {
  return (
    <li key={place} className={isError ? "error" : undefined}>
      <p className="reason">
        {coordinate && <strong className="fields">{coordinate}</strong>}
        {code && <code>{code}</code>}
        {isMasked && <span className="beside">masked</span>}
      </p>
      <p>{message}</p>
      {remedy && <p className="remedy">{remedy}</p>}
      {paths.length > 0 && <p className="paths">at {paths.map((path) => path.join(".")).join(", ")}</p>}
    </li>
  );
}
