import { parseAddress, redactAddress } from "../../backends/address.ts";
import { serveQueue } from "../../backends/registry.ts";
import { UsageError } from "../../core/errors.ts";
import type { RunCommand } from "../command.ts";
import { openLog } from "../context.ts";
import type { OutputStream } from "../io.ts";
import type { COMMON_FLAGS, DURABILITY, SERVE_FLAGS } from "../options.ts";

type ServeFlags = typeof SERVE_FLAGS & typeof COMMON_FLAGS & { durability: typeof DURABILITY };

/** `jobq serve --stdio PATH`: standard output holds answers only. */
export const serve: RunCommand<ServeFlags> = async (context, flags, [text = ""]) => {
  const { io, leadingQueue } = context;
  const { stdio, create, durability, verbose } = flags;
  if (leadingQueue !== undefined || flags.queue !== undefined) {
    throw new UsageError("Cannot serve two queues", { hint: "write jobq serve --stdio PATH" });
  }
  if (!stdio) {
    throw new UsageError("Cannot serve a queue: --stdio is missing", {
      hint: "jobq calls this by itself on the other host; a person uses a queue with ssh://HOST/PATH",
    });
  }
  const { kind } = parseAddress(text, io.env);
  if (kind !== "sqlite" && kind !== "directory") {
    throw new UsageError(
      `Cannot serve "${redactAddress(text)}": it is not a file or directory of this host`,
      {
        hint: "name such a queue itself where it is used",
      },
    );
  }
  await serveQueue(text, {
    readable: io.stdin(),
    writable: writableOf(io.stdout),
    create,
    durability,
    log: openLog(context, { ...flags, quiet: verbose === 0 }),
    env: io.env,
  });
};

/** The output as a stream, which fails once nobody reads it. */
function writableOf(output: OutputStream): WritableStream<Uint8Array> {
  return new WritableStream({
    write: async (chunk) => {
      await output.write(chunk);
      if (output.closed) throw output.failure ?? new Deno.errors.BrokenPipe("nobody reads the answers");
    },
  });
}
