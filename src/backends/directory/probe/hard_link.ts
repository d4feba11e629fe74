import { errorMessage } from "../../../core/errors.ts";
import type { Finding, Scene } from "./check.ts";

/** Whether a file can have two names. The queue does without. */
export async function checkHardLink({ directory, files }: Scene): Promise<Finding> {
  await files.write(`${directory}/first`, "linked");
  try {
    await files.link(`${directory}/first`, `${directory}/second`);
    const works = await files.read(`${directory}/second`) === "linked";
    return works
      ? { verdict: "ok", found: "they work", values: { works } }
      : { verdict: "warn", found: "the second name has another content; not needed", values: { works } };
  } catch (error) {
    return {
      verdict: "warn",
      found: `none: ${errorMessage(error)}; not needed`,
      values: { works: false },
    };
  }
}
