/** The text without control characters, which would let it move the cursor of whoever reads it on a terminal. */
export function plainText(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ");
}

/** As `plainText`, for text of several lines. */
export function plainLines(text: string): readonly string[] {
  return text.trimEnd().split(/\r?\n/).map(plainText);
}
