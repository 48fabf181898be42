// The page: who comes in, and where they are.
import { openDoor } from "./door.js";
import { make } from "./elements.js";
import { emergenciesPlace } from "./emergencies.js";
import { gatewayWith } from "./gateway.js";
import { problem } from "./refusals.js";
import { registerPlace } from "./register.js";
import { usePlace } from "./use.js";
import { viewsPlace } from "./views.js";
import { whoSawPlace } from "./who-saw.js";

const door = openDoor({ enter, problem });

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

async function enter(token, lost) {
  const gateway = gatewayWith(token, lost);
  const { consumer } = await gateway.consumer();
  return deskOf(gateway, consumer);
}

function deskOf(gateway, consumer) {
  // what comes when its officer has left is not told any more
  const mine = (telling) => door.desk()?.gateway === gateway && telling();
  const made = {
    gateway,
    officer: { actor: "" },
    say: (text) => mine(() => door.tell(text, { isQuiet: true })),
    tell: (text) => mine(() => door.tell(text)),
    rest: () => tabs[where],
  };

  const places = {
    views: ["Views", viewsPlace(made)],
    use: ["Use", usePlace(made)],
    emergencies: ["Emergencies", emergenciesPlace(made)],
    register: ["Register", registerPlace(made)],
    seen: ["Who saw", whoSawPlace(made)],
  };
  const names = Object.keys(places);
  const tabs = Object.fromEntries(names.map((name) => [name, tabOf(name, places[name][0])]));
  const panel = make("div", { id: "panel", role: "tabpanel" });
  let where = names[0];

  function tabOf(name, label) {
    const told = { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "panel" };
    return make("button", { ...told, on: { click: () => go(name), keydown: step } }, label);
  }

  function go(name) {
    where = name;
    for (const [one, tab] of Object.entries(tabs)) {
      tab.setAttribute("aria-selected", String(one === name));
      tab.setAttribute("tabindex", one === name ? "0" : "-1");
    }
    panel.setAttribute("aria-labelledby", `tab-${name}`);
    panel.replaceChildren(places[name][1].element);
    tabs[name].scrollIntoView({ block: "nearest", inline: "nearest" });
    places[name][1].show();
  }

  // Arrows go through the tabs, Home and End to the first and the last.
  function step(event) {
    const place = names.indexOf(where);
    const ends = { Home: 0, End: names.length - 1 };
    const target = ends[event.key] ?? (place + (STEPS[event.key] ?? 0) + names.length) % names.length;
    if (event.key in ends || event.key in STEPS) {
      event.preventDefault();
      go(names[target]);
      tabs[where].focus();
    }
  }

  function begin() {
    const list = make("div", { class: "tabs", role: "tablist", "aria-label": "Places" }, ...Object.values(tabs));
    door.header.append(make("nav", {}, list), door.session(consumer));
    door.main.replaceChildren(panel);
    go(where);
    tabs[where].focus();
  }

  return { ...made, begin };
}
