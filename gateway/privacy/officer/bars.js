// A small bar for each day, drawn by hand.
import { draw } from "./elements.js";

const [HEIGHT, STEP, LEAST] = [36, 8, 2];

// Returns a drawing of numbers by day, `counts` one for each day in order; `highest` is that of all such drawings beside
// it, so that their bars compare. `part` of each bar is drawn in another colour, and `label` says it all in words.
export function bars(counts, highest, label) {
  const width = Math.max(counts.length * STEP, STEP);
  const drawing = draw("svg", {
    viewBox: `0 0 ${width} ${HEIGHT}`,
    class: "bars",
    role: "img",
    "aria-label": label,
    preserveAspectRatio: "none",
  });
  drawing.append(draw("path", { class: "ground", d: `M0 ${HEIGHT - 0.5}H${width}` }));
  counts.forEach(({ all, part }, place) => {
    const tall = heightOf(all, highest);
    drawing.append(bar("all", place, tall, tall), bar("part", place, heightOf(part, highest), tall));
  });
  return drawing;
}

// Whoever comes at all is seen.
const heightOf = (count, highest) => (count === 0 ? 0 : Math.max((count / highest) * (HEIGHT - 2), LEAST));

// A bar that ends where the whole one stands on the ground.
const bar = (kind, place, tall, whole) =>
  draw("rect", {
    class: kind,
    x: place * STEP + 1,
    y: HEIGHT - (kind === "all" ? whole : tall),
    width: STEP - 2,
    height: tall,
  });
