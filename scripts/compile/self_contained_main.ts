import { main } from "../../src/cli/main.ts";
import { restoreEnv } from "../../src/cli/restored_env.ts";

restoreEnv();
if (import.meta.main) Deno.exit(await main(Deno.args));
