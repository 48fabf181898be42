// Builds the page: `node build.mjs FOLDER`. Every file but the page has its content's hash in its name.
//
// What is built is written beside the folder first and put in its place when it is whole.
import { build } from "esbuild";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const BUILT = resolve(process.argv[2] ?? join(HERE, "..", "built"));
const FRESH = `${BUILT}.fresh`;

const WORKERS = {
  editor: "monaco-editor/esm/vs/editor/editor.worker.js",
  graphql: "monaco-graphql/esm/graphql.worker.js",
  json: "monaco-editor/esm/vs/language/json/json.worker.js",
};
const SETTINGS = {
  absWorkingDir: HERE,
  assetNames: "[name]-[hash]",
  bundle: true,
  chunkNames: "part-[hash]",
  define: { "process.env.NODE_ENV": '"production"' },
  entryNames: "[name]-[hash]",
  format: "esm",
  jsx: "automatic",
  legalComments: "none",
  loader: { ".svg": "dataurl", ".ttf": "file" },
  logLevel: "warning",
  metafile: true,
  minify: true,
  outdir: FRESH,
  target: "es2022",
};
// Monaco's parts each bring their style; src/style.css holds all of it once.
const NO_STYLE_IN_SCRIPTS = {
  name: "no-style-in-scripts",
  setup: (builder) =>
    builder.onLoad({ filter: /monaco-editor[\\/]esm[\\/].*\.css$/ }, () => ({ contents: "", loader: "js" })),
};

await rm(FRESH, { recursive: true, force: true });
const workers = await build({ ...SETTINGS, entryPoints: WORKERS });
const named = (name) => basename(output(workers.metafile, WORKERS[name]));
const names = Object.fromEntries(Object.keys(WORKERS).map((name) => [name, named(name)]));
const page = await build({
  ...SETTINGS,
  define: { ...SETTINGS.define, WORKER_FILES: JSON.stringify(names) },
  entryPoints: { main: "src/main.jsx", style: "src/style.css" },
  plugins: [NO_STYLE_IN_SCRIPTS],
  splitting: true,
});
await writeFile(join(FRESH, "page.html"), await html(page.metafile));
await writeFile(join(FRESH, "LICENSES.txt"), await licences([workers.metafile, page.metafile]));
await rm(BUILT, { recursive: true, force: true });
await mkdir(dirname(BUILT), { recursive: true });
await rename(FRESH, BUILT);

function output(metafile, entryPoint) {
  const found = Object.entries(metafile.outputs).find(([, one]) => one.entryPoint?.endsWith(entryPoint));
  return found[0];
}

async function html(metafile) {
  const template = await readFile(join(HERE, "src", "page.html"), "utf8");
  return template
    .replace("{main}", basename(output(metafile, "src/main.jsx")))
    .replace("{style}", basename(output(metafile, "src/style.css")));
}

// One entry for each package of which anything is in the result, with the text of its licence.
async function licences(metafiles) {
  const inputs = metafiles.flatMap((one) => Object.keys(one.inputs));
  const folders = new Set(inputs.map((path) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean));
  const packages = await Promise.all([...folders].sort().map(packageIn));
  const mit = await readFile(join(HERE, "src", "mit.txt"), "utf8");
  const head = "The page is made of these packages. Each entry holds a package's licence and its notices.\n";
  return [head, ...packages.map((one) => entry(one, mit))].join(`\n${"=".repeat(78)}\n\n`);
}

async function packageIn(folder) {
  const path = join(HERE, folder);
  const { name, version, license, author } = JSON.parse(await readFile(join(path, "package.json"), "utf8"));
  const files = (await readdir(path)).filter((one) => /^(licen[cs]e|notice|third.?party.?notices)/i.test(one)).sort();
  const texts = await Promise.all(files.map((one) => readFile(join(path, one), "utf8")));
  const text = texts.join("\n").replaceAll("\r", "").trim();
  return { name, version, license, whose: author?.name ?? author ?? `the authors of ${name}`, text };
}

// A package that carries no text has that of the licence which it names, if that is MIT.
function entry({ name, version, license, whose, text }, mit) {
  const told = text || (license === "MIT" && `Copyright (c) ${whose}\n\n${mit}`);
  if (!told) {
    throw new Error(`${name} ${version} carries no text of its licence (${license}). Add it here, or do without it.`);
  }
  return `${name} ${version}\n${license}\n\n${told.trim()}\n`;
}
