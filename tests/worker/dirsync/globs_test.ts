import { selectionOf } from "../../../src/worker/dirsync/globs.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

const covered = (glob: string, names: readonly string[]) =>
  names.filter((name) => !selectionOf([], [glob]).covers(name));

const CASES: readonly { glob: string; yes: readonly string[]; no: readonly string[] }[] = [
  { glob: "*.pt", yes: ["a.pt", "x/y/a.pt", ".pt", "a\nb.pt", "a.pt/b"], no: ["a.pt2", "apt", "a.PT"] },
  { glob: "a?c", yes: ["abc", "a😀c", "x/abc"], no: ["ac", "abbc", "a/c"] },
  { glob: "ckpt/", yes: ["ckpt/a", "x/ckpt/a/b"], no: ["ckpt", "x/ckpt", "ckpt2/a"] },
  { glob: "tmp", yes: ["tmp", "tmp/a", "x/tmp/a"], no: ["tmpx", "xtmp", "xtmp/a"] },
  { glob: "logs/*.txt", yes: ["logs/a.txt", "logs/.txt"], no: ["x/logs/a.txt", "logs/x/a.txt", "a.txt"] },
  { glob: "/a", yes: ["a", "a/b"], no: ["x/a"] },
  { glob: "./a", yes: ["a"], no: ["x/a"] },
  { glob: "**/a", yes: ["a", "x/a", "x/y/a"], no: ["xa", "x/ya"] },
  { glob: "x/**/a", yes: ["x/a", "x/y/a", "x/y/z/a"], no: ["a", "y/x/a", "xa"] },
  { glob: "x/**", yes: ["x/a", "x/y/a"], no: ["x", "y/x/a"] },
  { glob: "x**a", yes: ["xa", "x/a", "x/y/za"], no: ["xb", "y"] },
  { glob: "*/a", yes: ["x/a", "y/a/b"], no: ["a", "x/y/a"] },
  { glob: "a*b*c", yes: ["abc", "axbxc", "abbcc", "abcbc"], no: ["acb", "ab/c", "abcd"] },
  { glob: "*ab*ab", yes: ["abab", "xabyab", "ababab"], no: ["ab", "aab"] },
  { glob: "[abc].x", yes: ["a.x"], no: ["d.x", "ab.x"] },
  { glob: "[a-c-]", yes: ["b", "-"], no: ["d"] },
  { glob: "[!a]", yes: ["b", "^", "😀"], no: ["a", "/"] },
  { glob: "[]]", yes: ["]"], no: ["[", "[]]"] },
  { glob: "[!]]", yes: ["a"], no: ["]"] },
  { glob: "x[!a]y", yes: ["xby"], no: ["xay", "x/y"] },
  { glob: "[z-a]", yes: ["z", "a"], no: ["m", "-"] },
  { glob: "[\\^]", yes: ["\\", "^"], no: ["a"] },
  { glob: "a[b", yes: ["a[b"], no: ["ab"] },
  { glob: "a.b+(c)|{d}$^\\", yes: ["a.b+(c)|{d}$^\\"], no: ["axb+(c)|{d}$^\\"] },
];

for (const { glob, yes, no } of CASES) {
  test(`the glob ${glob} covers just what it names`, () => {
    assertEquals(covered(glob, [...yes, ...no]), [...yes]);
  });
}

test("everything is covered but what is excluded, and of that what is included is", () => {
  assert(selectionOf([], []).covers("a/b"));
  assert(selectionOf(["*.pt"], []).covers("a/b"));
  const { covers } = selectionOf(["*.pt", "logs"], ["tmp/", "bad*"]);
  const names = ["a.pt", "logs/a", "tmp/a.pt", "tmp/a.txt", "bad.pt", "bad.txt", "logs/bad", "a.txt"];
  assertEquals(names.filter(covers), ["a.pt", "logs/a", "tmp/a.pt", "bad.pt", "logs/bad", "a.txt"]);
});

test("with everything excluded, what is included is all, at any depth", () => {
  const { covers, prunes } = selectionOf(["*.pt"], ["*"]);
  assertEquals(["a.pt", "x/y/a.pt", "a.txt", "x/a.txt"].filter(covers), ["a.pt", "x/y/a.pt"]);
  assertEquals(prunes("x"), false);
});

test("a directory is not looked into when all below it is excluded, and only then", () => {
  const prunes = (glob: string) => selectionOf([], [glob]).prunes("x/y");
  assertEquals(["y", "y/", "x/**", "x/y/*", "x/y", "**"].filter(prunes), [
    "y",
    "y/",
    "x/**",
    "x/y/*",
    "x/y",
    "**",
  ]);
  assertEquals(["*.pt", "x/y/*.pt", "x/y/z", "z/", "**/z", "x/y/**/"].filter(prunes), []);
});

test("a glob of many stars takes no longer for it", () => {
  const start = performance.now();
  assertEquals(covered(`${"*a".repeat(30)}b`, ["a".repeat(255)]), []);
  assert(performance.now() - start < 2_000);
});
