/** The words that run the Python tool: `$AI4S_JOBQ`, or the one on the PATH; undefined where there is none. */
export async function ai4sJobq(): Promise<readonly string[] | undefined> {
  const program = Deno.env.get("AI4S_JOBQ") ?? "ai4s-jobq";
  try {
    const { success } = await new Deno.Command(program, {
      args: ["--help"],
      env: { JOBQ_COPILOT_SKILL: "0" },
      stdout: "null",
      stderr: "null",
    }).output();
    return success ? [program] : undefined;
  } catch {
    return undefined;
  }
}
