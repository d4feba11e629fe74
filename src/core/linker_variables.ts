type Variables = Readonly<Record<string, string>>;

/** Tell the dynamic linker what to load. */
const isLinkerVariable = (name: string) => name.startsWith("LD_") || name.startsWith("DYLD_");

/**
 * Words that start a program with its whole environment where the runtime, with a limited right to run programs, refuses
 * to start anything that has linker variables: env(1) is started without them, and puts them back.
 *
 * @param words of an absolute path, or a name without an equals sign, and its arguments
 * @param env the environment that the program is to have
 * @param envProgram the absolute path of env
 */
export function withLinkerVariables(
  words: readonly string[],
  env: Variables,
  envProgram: string,
): { readonly words: readonly string[]; readonly env: Variables } {
  const entries = Object.entries(env);
  const linker = entries.filter(([name]) => isLinkerVariable(name));
  if (linker.length === 0) return { words, env };
  return {
    words: [envProgram, ...linker.map(([name, value]) => `${name}=${value}`), ...words],
    env: Object.fromEntries(entries.filter(([name]) => !isLinkerVariable(name))),
  };
}
