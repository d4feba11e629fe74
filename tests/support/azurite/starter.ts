/** Starts an Azurite, prints its process id, and holds it until killed. */
import { print, untilStdinEnds } from "../script.ts";
import { AzuriteProcess } from "./process.ts";

await using azurite = await AzuriteProcess.start();
await print(`${azurite.pid}`);
await untilStdinEnds();
