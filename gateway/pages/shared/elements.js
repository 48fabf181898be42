// Elements, made one by one: every text becomes a node of text, so nothing that was sent is ever read as markup.

const SVG = "http://www.w3.org/2000/svg";

// Symbols of 16 by 16, drawn with lines; they stand beside words and never for them.
const SYMBOLS = {
  apart: "M6.5 11.5a3.5 3.5 0 1 1 0-7M9.5 4.5a3.5 3.5 0 1 1 0 7M8 1.5v13",
  back: "M10 3 5 8l5 5",
  check: "M3 8.5 6.5 12 13 4.5",
  close: "M4 4l8 8M12 4l-8 8",
  down: "M8 2v8.500M4.500 7.500 8 11l3.500-3.500M2.500 14h11",
  eye: "M1.5 8S4 3.5 8 3.5 14.500 8 14.5 8 12 12.500 8 12.5 1.5 8 1.5 8ZM8 6.300a1.700 1.700 0 1 0 0 3.400 1.700 1.700 0 0 0 0-3.400",
  history: "M8 4.500V8l2.500 1.500M2 8a6 6 0 1 0 2-4.500M2 2v3h3",
  merge: "M3 3c0 5 5 3 5 8m5-8c0 5-5 3-5 8m-2.500 0L8 14l2.500-3",
  print: "M4.500 6V2h7v4M4.500 11.500h-2V6h11v5.500h-2M4.500 9.500h7V14h-7Z",
  undo: "M3 6h6.500a3.500 3.500 0 0 1 0 7H6M6 3 3 6l3 3",
  warning: "M8 2 1.500 13.500h13ZM8 6.500v3.500M8 11.800v.2",
};

// `properties` are attributes; `on` holds listeners by event. False and null leave an attribute or a child out.
export function make(tag, properties = {}, ...children) {
  const { on = {}, ...attributes } = properties;
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  for (const [event, heard] of Object.entries(on)) {
    element.addEventListener(event, heard);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// A part of a drawing, in SVG.
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export const symbol = (name) =>
  draw("svg", { viewBox: "0 0 16 16", class: "symbol", "aria-hidden": "true" }, draw("path", { d: SYMBOLS[name] }));

// A button; `keys` are the shortcut that does the same.
export function button(label, pressed, { symbolOf = null, keys = null, ...properties } = {}) {
  return make(
    "button",
    { type: "button", "aria-keyshortcuts": keys, ...properties, on: { click: pressed } },
    symbolOf && symbol(symbolOf),
    make("span", {}, label),
    keys && make("kbd", { "aria-hidden": "true" }, keys),
  );
}

// Says that something is being waited for; after a while, that it still is.
export function waiting(text) {
  const said = make("p", {}, text);
  const element = make("div", { class: "waiting" }, make("div", { class: "bar", "aria-hidden": "true" }), said);
  setTimeout(() => {
    if (element.isConnected) {
      said.textContent = `${text} It takes longer than usual.`;
    }
  }, SLOW);
  return element;
}

const SLOW = 6000;
