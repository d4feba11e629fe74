/** What is known of a program that was built; its parts are constants in it. */
export interface Build {
  /** `executable` was made by `deno compile`; `self-contained` has the whole Deno behind a shell script. */
  readonly kind: "executable" | "self-contained";
  readonly version: string;
  /** The commit of the sources; "unknown" where there was no git. */
  readonly commit: string;
}

/** Undefined in the sources. scripts/compile puts another module in the place of this one. */
export const BUILD: Build | undefined = undefined;
