/** Tests that one process runs. */
export interface Group {
  readonly name: string;
  /** Of `deno test`, besides those of every group. */
  readonly args: readonly string[];
  /** About how long it takes. */
  readonly seconds: number;
  /** Where these start jobq as a process, it is the executable. */
  readonly onExecutable?: boolean;
}

interface PathGroup {
  readonly name: string;
  /** Files and folders, or patterns of them. */
  readonly paths: readonly string[];
  /** Those among them that another group names. */
  readonly except?: readonly string[];
  readonly seconds: number;
}

const FLEETS: readonly string[] = ["tests/e2e/directory_*", "tests/e2e/ssh_*"];

const PATH_GROUPS: readonly PathGroup[] = [
  { name: "service bus", paths: ["tests/backends/service_bus/"], seconds: 200 },
  { name: "interop", paths: ["tests/interop/"], seconds: 160 },
  {
    name: "storage queue and conformance",
    paths: ["tests/backends/storage_queue/", "tests/conformance/"],
    seconds: 140,
  },
  { name: "commands on cloud queues", paths: ["tests/cli/bus_*", "tests/cli/cloud_*"], seconds: 95 },
  { name: "whole program", paths: ["tests/e2e/", "tests/runner/"], except: FLEETS, seconds: 90 },
  { name: "executable", paths: ["tests/executable/"], seconds: 150 },
  { name: "shared directory", paths: ["tests/backends/directory/", ...FLEETS], seconds: 300 },
];

/** The whole program once more, as it is on a node. Those that are left out start other programs in front of it. */
const ON_EXECUTABLE: Group = {
  name: "on the executable",
  args: ["--ignore=tests/e2e/directory_slow_share_test.ts,tests/e2e/ssh_fleet_test.ts", "tests/e2e/"],
  seconds: 150,
  onExecutable: true,
};

const pathGroups: readonly Group[] = PATH_GROUPS.map(({ paths, except = [], ...group }) => ({
  ...group,
  args: except.length > 0 ? [`--ignore=${except.join()}`, ...paths] : paths,
}));

/** So that no test is forgotten. */
const REST: Group = {
  name: "rest",
  args: [`--ignore=${PATH_GROUPS.flatMap(({ paths }) => paths).join()}`, "tests/"],
  seconds: 120,
};

const EXAMPLES: Group = { name: "examples in docstrings", args: ["--doc", "src/"], seconds: 1 };

/** Every test once, in the order in which the groups should begin: one that takes long may not be the last. */
export const GROUPS: readonly Group[] = [...pathGroups, REST, EXAMPLES, ON_EXECUTABLE].sort((a, b) =>
  b.seconds - a.seconds
);

/** The tests with the Python tool ai4s-jobq. */
export const INTEROP_GROUPS: readonly Group[] = pathGroups.filter(({ name }) => name === "interop");
