/** What the Python tool makes of texts, as far as other tests rely on it; the interop test runs the tool itself. */

/** The text of a shell task as its workers read it; other top-level keys come last. */
export function taskText(
  kwargs: Readonly<Record<string, unknown>> = { cmd: "true", bg_dirsync_to: null, env: {} },
  { version = 1, num_retries = 0, id = "id-1", ...more }: Readonly<Record<string, unknown>> = {},
): string {
  return dumps({ version, reply_requested: false, kwargs: dumps(kwargs), num_retries, id, ...more });
}

/** The text with which it puts a task back after a failure: only with the keys that it knows. */
export function putBack(text: string): string {
  const { version, reply_requested, kwargs, num_retries, id } = JSON.parse(text);
  const left = { ...JSON.parse(kwargs), _job_id: id, _worker_id: "python-1" };
  return dumps({ version, reply_requested, kwargs: dumps(left), num_retries: num_retries - 1, id });
}

/** `json.dumps` of what has no floats and nothing beyond ASCII. */
function dumps(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(dumps).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${
    Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${dumps(each)}`).join(", ")
  }}`;
}
