const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** One line for a POSIX shell that runs a program with just these arguments. */
export function quoteWords(words: readonly string[]): string {
  return words.map(quoteWord).join(" ");
}

/** The text as one word of a POSIX shell. */
export function quoteWord(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
