/**
 * Fails when a module imports what its layer may not: `core ← log ← { backends, runner } ← worker ← cli ← main.ts`,
 * no circles, vendors' packages only where they belong.
 */

interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly code?: Target;
    readonly type?: Target;
    readonly isDynamic?: boolean;
  }[];
}

interface Target {
  readonly specifier?: string;
}

/** What the modules of each folder of src/ may import from other folders of it. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: [],
  log: ["core"],
  backends: ["core", "log"],
  runner: ["core", "log"],
  worker: ["core", "log", "runner"],
  cli: ["core", "log", "backends", "runner", "worker"],
  "mod.ts": ["core", "log", "backends", "runner", "worker"],
};

/** Packages and built-in modules, and the only folders that may import them. */
const RESERVED: readonly { readonly pattern: RegExp; readonly folders: readonly string[] }[] = [
  {
    pattern: /^npm:\/?@azure\//,
    folders: ["backends/azure/", "backends/storage_queue/", "backends/service_bus/"],
  },
  { pattern: /^node:sqlite$/, folders: ["backends/sqlite/"] },
  { pattern: /^npm:\/?lru-cache@/, folders: ["worker/gate/"] },
  { pattern: /^npm:/, folders: ["backends/azure/", "backends/storage_queue/", "backends/service_bus/"] },
  { pattern: /^node:/, folders: ["backends/sqlite/", "backends/azure/", "backends/service_bus/"] },
];

/** A backend's own modules are loaded by the registry only, and only when they are needed. */
const isBackend = (path: string) => /^backends\/[^/]+\//.test(path);

/** What several backends share is in folders that belong to them all. */
const SHARED_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  "backends/azure": ["backends/storage_queue", "backends/service_bus"],
  "backends/job_graph": ["backends/memory", "backends/directory"],
  "backends/log_files": ["backends/sqlite", "backends/directory"],
};

const root = new URL("../", import.meta.url).href;
const problems = [...await check("main.ts"), ...await check("src/mod.ts")];
const text = problems.length === 0
  ? "imports: ok\n"
  : [...new Set(problems)].map((problem) => `imports: ${problem}\n`).join("");
await Deno.stdout.write(new TextEncoder().encode(text));
Deno.exit(problems.length === 0 ? 0 : 1);

async function check(entry: string): Promise<string[]> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", root + entry],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`deno info failed on ${entry}`);
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: readonly Module[] };
  const graph = new Map<string, readonly string[]>();
  const found: string[] = [];
  for (const { specifier, dependencies = [] } of modules) {
    if (!specifier.startsWith(`${root}src/`)) continue;
    const from = specifier.slice(`${root}src/`.length);
    const targets: string[] = [];
    for (const { specifier: written, code, type, isDynamic } of dependencies) {
      const target = (code ?? type)?.specifier ?? written;
      // A type alone loads nothing.
      found.push(...judge(from, { target, isLate: isDynamic === true || code === undefined }));
      if (code?.specifier && !isDynamic) targets.push(code.specifier);
    }
    graph.set(specifier, targets);
  }
  return [...found, ...findCircles(graph)];
}

function judge(from: string, { target, isLate }: { target: string; isLate: boolean }): string[] {
  const reserved = RESERVED.find(({ pattern }) => pattern.test(target));
  if (reserved) {
    return reserved.folders.some((folder) => from.startsWith(folder))
      ? []
      : [`src/${from} may not import ${target}`];
  }
  if (!target.startsWith(`${root}src/`)) return [];
  const to = target.slice(`${root}src/`.length);
  const [layer, other] = [layerOf(from), layerOf(to)];
  if (layer !== other && !ALLOWED[layer]?.includes(other)) {
    return [`src/${from} may not import src/${to}: ${layer} does not build on ${other}`];
  }
  const isShared = SHARED_FOLDERS[backendOf(to)]?.includes(backendOf(from));
  const isDoor = from === "backends/registry.ts" && isLate;
  if (isBackend(to) && backendOf(from) !== backendOf(to) && !isShared && !isDoor) {
    return [`src/${from} may not import src/${to}: only backends/registry.ts may, dynamically`];
  }
  return [];
}

function layerOf(path: string): string {
  return path.split("/")[0] ?? path;
}

/** `backends/sqlite` of what is in that folder, or in one below it. */
function backendOf(path: string): string {
  return path.split("/").slice(0, 2).join("/");
}

function findCircles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (node: string, path: readonly string[]) => {
    const start = path.indexOf(node);
    if (start >= 0) {
      circles.push(
        `a circle: ${[...path.slice(start), node].map((url) => url.slice(root.length)).join(" → ")}`,
      );
      return;
    }
    if (done.has(node)) return;
    for (const next of graph.get(node) ?? []) visit(next, [...path, node]);
    done.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return circles;
}
