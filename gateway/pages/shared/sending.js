// How a page sends: nothing is kept, nothing goes along that was not given, and no answer leads elsewhere.
export const send = (url, settings) =>
  fetch(url, {
    ...settings,
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    referrerPolicy: "no-referrer",
  });
