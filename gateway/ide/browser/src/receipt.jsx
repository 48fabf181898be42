// The receipt as tables: what each source was asked, and which coordinates were read.
export function Receipt({ receipt }) {
  if (!receipt) {
    return <p className="empty">This view gives no receipt.</p>;
  }
  return (
    <>
      <Totals
        of={[
          ["purpose", receipt.purpose],
          ["customers", receipt.customers],
          ["calls", receipt.sources.reduce((sum, one) => sum + one.calls, 0)],
          ["took", `${receipt.ms} ms`],
        ]}
      />
      <table>
        <thead>
          <tr>
            <th scope="col">source</th>
            <th scope="col" className="number">calls</th>
            <th scope="col" className="number">keys</th>
            <th scope="col">fields</th>
            <th scope="col" className="number">ms</th>
            <th scope="col">outcome</th>
          </tr>
        </thead>
        <tbody>{receipt.sources.map(sourceRow)}</tbody>
      </table>
      {receipt.fields?.length > 0 && <Coordinates fields={receipt.fields} />}
    </>
  );
}

export function Totals({ of }) {
  return (
    <dl className="totals">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function sourceRow(one, place) {
  const outcome = { OK: "good", NOT_ASKED: "none" }[one.outcome] ?? "bad";
  return (
    <tr key={place}>
      <th scope="row">
        {one.source}
        <span className="beside">{one.offer}</span>
      </th>
      <td className="number">
        {one.calls}
        {one.failed > 0 && <span className="beside">{one.failed} failed</span>}
      </td>
      <td className="number">{one.keys}</td>
      <td className="fields">{one.fields.join(", ")}</td>
      <td className="number">{one.ms}</td>
      <td>
        <span className={`outcome ${outcome}`}>{one.outcome}</span>
      </td>
    </tr>
  );
}

function Coordinates({ fields }) {
  return (
    <table>
      <caption>Coordinates read</caption>
      <thead>
        <tr>
          <th scope="col">coordinate</th>
          <th scope="col">source</th>
          <th scope="col">use</th>
          <th scope="col">fetched at</th>
        </tr>
      </thead>
      <tbody>
        {fields.map((one, place) => (
          <tr key={place}>
            <th scope="row" className="fields">{one.coordinate}</th>
            <td>{one.source}</td>
            <td>{one.use}</td>
            <td className="time">{one.fetchedAt ? time(one.fetchedAt) : "never"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function time(moment) {
  return <time dateTime={moment}>{moment.slice(11, 23)}</time>;
}
